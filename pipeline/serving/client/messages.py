"""The messages of TF Serving's gRPC services that the client sends and receives.

The published stubs import those of TensorFlow, and so TensorFlow. These classes are made from the
definitions below in a descriptor pool of their own, so that a process may also import the stubs.
Only names in messages, numbers and types of fields matter on the wire; enums are int32 there, and
the fields of a `oneof` are ordinary ones. A test compares the definitions with the stubs.
"""

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

_PACKAGE = "twotower.serving"
_SCALARS = {
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "float": FieldDescriptorProto.TYPE_FLOAT,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}
# By number: the type, after `repeated` for a list or `map` for a map from strings; and the name.
DEFINITIONS: dict[str, dict[int, str]] = {
    "Int64Value": {1: "int64 value"},
    "Any": {1: "string type_url", 2: "bytes value"},
    "Dim": {1: "int64 size"},
    "TensorShapeProto": {2: "repeated Dim dim", 3: "bool unknown_rank"},
    "TensorProto": {
        1: "int32 dtype",
        2: "TensorShapeProto tensor_shape",
        4: "bytes tensor_content",
        5: "repeated float float_val",
        6: "repeated double double_val",
        7: "repeated int32 int_val",
        8: "repeated bytes string_val",
        10: "repeated int64 int64_val",
        11: "repeated bool bool_val",
    },
    "TensorInfo": {2: "int32 dtype", 3: "TensorShapeProto tensor_shape"},
    "SignatureDef": {1: "map TensorInfo inputs", 2: "map TensorInfo outputs"},
    "SignatureDefMap": {1: "map SignatureDef signature_def"},
    "ModelSpec": {
        1: "string name",
        2: "Int64Value version",
        3: "string signature_name",
        4: "string version_label",
    },
    "PredictRequest": {1: "ModelSpec model_spec", 2: "map TensorProto inputs"},
    "PredictResponse": {1: "map TensorProto outputs", 2: "ModelSpec model_spec"},
    "GetModelMetadataRequest": {1: "ModelSpec model_spec", 2: "repeated string metadata_field"},
    "GetModelMetadataResponse": {1: "ModelSpec model_spec", 2: "map Any metadata"},
    "GetModelStatusRequest": {1: "ModelSpec model_spec"},
    "StatusProto": {1: "int32 error_code", 2: "string error_message"},
    "ModelVersionStatus": {1: "int64 version", 2: "int32 state", 3: "StatusProto status"},
    "GetModelStatusResponse": {1: "repeated ModelVersionStatus model_version_status"},
}


def _classes() -> dict[str, Any]:
    """Returns the class of each message by name."""
    file = FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in DEFINITIONS.items():
        message = file.message_type.add(name=name)
        for number, text in fields.items():
            _add_field(message, number, text)
    # Without a pool among its arguments, this creates one, in all versions of protobuf.
    classes = message_factory.GetMessages([file])
    return {name: classes[f"{_PACKAGE}.{name}"] for name in DEFINITIONS}


def _add_field(message: DescriptorProto, number: int, text: str) -> None:
    """Adds a field of `DEFINITIONS` to a message."""
    *kinds, type_name, name = text.split()
    field = message.field.add(name=name, number=number)
    field.label = (
        FieldDescriptorProto.LABEL_REPEATED if kinds else FieldDescriptorProto.LABEL_OPTIONAL
    )
    if kinds == ["map"]:
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add_field(entry, 1, "string key")
        _add_field(entry, 2, f"{type_name} value")
        type_name = f"{message.name}.{entry.name}"
    if type_name in _SCALARS:
        field.type = _SCALARS[type_name]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{type_name}"


_CLASSES = _classes()
SignatureDefMap = _CLASSES["SignatureDefMap"]
TensorProto = _CLASSES["TensorProto"]
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]
GetModelMetadataRequest = _CLASSES["GetModelMetadataRequest"]
GetModelMetadataResponse = _CLASSES["GetModelMetadataResponse"]
GetModelStatusRequest = _CLASSES["GetModelStatusRequest"]
GetModelStatusResponse = _CLASSES["GetModelStatusResponse"]
