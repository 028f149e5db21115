"""Messages of TF Serving's configuration files that tensorflow-serving-api does not contain.

The fields are those of these files, which have not changed from 2.11.0 to 2.20.0:
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/servables/tensorflow/session_bundle_config.proto
https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/config/monitoring_config.proto
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "tensorflow.serving"
# Name of a field, and its number and type.
_BATCHING = {
    "max_batch_size": (1, "Int64Value"),
    "batch_timeout_micros": (2, "Int64Value"),
    "max_enqueued_batches": (3, "Int64Value"),
    "num_batch_threads": (4, "Int64Value"),
    "thread_pool_name": (5, "StringValue"),
    "pad_variable_length_inputs": (7, _Field.TYPE_BOOL),
    "enable_large_batch_splitting": (8, "BoolValue"),
    "max_execution_batch_size": (9, "Int64Value"),
}


def _messages() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="twotower_tests/tf_serving.proto", package=_PACKAGE, syntax="proto3"
    )
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    batching = file.message_type.add(name="BatchingParameters")
    for name, (number, kind) in _BATCHING.items():
        field = batching.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
        if isinstance(kind, str):
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".google.protobuf.{kind}"
        else:
            field.type = kind
    batching.field.add(
        name="allowed_batch_sizes", number=6, label=_Field.LABEL_REPEATED, type=_Field.TYPE_INT64
    )
    prometheus = file.message_type.add(name="PrometheusConfig")
    for number, (name, type_) in enumerate(
        [("enable", _Field.TYPE_BOOL), ("path", _Field.TYPE_STRING)], 1
    ):
        prometheus.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL, type=type_)
    file.message_type.add(name="MonitoringConfig").field.add(
        name="prometheus_config",
        number=1,
        label=_Field.LABEL_OPTIONAL,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.PrometheusConfig",
    )
    # A pool of its own: other tests may load the generated messages of these names.
    pool = descriptor_pool.DescriptorPool()
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.Add(wrappers)
    pool.Add(file)
    found = pool.FindFileByName(file.name).message_types_by_name
    return {name: _message_class(descriptor) for name, descriptor in found.items()}


def _message_class(descriptor: Any) -> Any:
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory().GetPrototype(descriptor)


_MESSAGES = _messages()
BatchingParameters = _MESSAGES["BatchingParameters"]
MonitoringConfig = _MESSAGES["MonitoringConfig"]
