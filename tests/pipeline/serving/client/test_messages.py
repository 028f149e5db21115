"""The client's messages against the published stubs, which import TensorFlow."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import any_pb2, descriptor_pool, wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
    status_pb2,
)

from pipeline.serving.client import messages
from pipeline.serving.client.signature import DataType, TensorInfo, as_array, as_texts
from pipeline.serving.client.tensor_protos import VALUES, array_of, tensor_proto
from pipeline.serving.version_status import State

PUBLISHED: dict[str, Any] = {
    "Int64Value": wrappers_pb2.Int64Value,
    "Any": any_pb2.Any,
    "Dim": tensor_shape_pb2.TensorShapeProto.Dim,
    "TensorShapeProto": tensor_shape_pb2.TensorShapeProto,
    "TensorProto": tensor_pb2.TensorProto,
    "TensorInfo": meta_graph_pb2.TensorInfo,
    "SignatureDef": meta_graph_pb2.SignatureDef,
    "SignatureDefMap": get_model_metadata_pb2.SignatureDefMap,
    "ModelSpec": model_pb2.ModelSpec,
    "PredictRequest": predict_pb2.PredictRequest,
    "PredictResponse": predict_pb2.PredictResponse,
    "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse,
    "GetModelStatusRequest": get_model_status_pb2.GetModelStatusRequest,
    "StatusProto": status_pb2.StatusProto,
    "ModelVersionStatus": get_model_status_pb2.ModelVersionStatus,
    "GetModelStatusResponse": get_model_status_pb2.GetModelStatusResponse,
}
# Enums are int32 on the wire.
_ON_WIRE = {FieldDescriptor.TYPE_ENUM: FieldDescriptor.TYPE_INT32}


def plain(name: str) -> str:
    """The name of a message without its package and the message around it."""
    return name.rpartition(".")[2]


def field_of(field: FieldDescriptor) -> Any:
    """What is on the wire of a field."""
    message = field.message_type
    kind = _ON_WIRE.get(field.type, field.type)
    if message is not None and message.GetOptions().map_entry:
        return field.name, "map", [field_of(part) for part in message.fields]
    return field.name, kind, field.label, message and plain(message.full_name)


def descriptor_of(name: str) -> Descriptor:
    """The client's own message of a name."""
    found: Descriptor = messages._CLASSES[name].DESCRIPTOR
    return found


@pytest.mark.parametrize("name", messages.DEFINITIONS)
def test_messages_are_those_of_the_stubs(name: str) -> None:
    published = PUBLISHED[name].DESCRIPTOR.fields_by_number
    for field in descriptor_of(name).fields:
        assert field_of(field) == field_of(published[field.number])


def test_the_pool_is_private() -> None:
    default = descriptor_pool.Default()
    with pytest.raises(KeyError):
        default.FindMessageTypeByName(descriptor_of("PredictRequest").full_name)


def test_dtypes_and_states_are_those_of_the_stubs() -> None:
    for dtype in DataType:
        assert types_pb2.DataType.Value(dtype.name) == dtype
        if dtype is not DataType.DT_STRING:
            assert tf.as_dtype(int(dtype)).as_numpy_dtype == dtype.numpy.type
    states = get_model_status_pb2.ModelVersionStatus.State
    assert {state.name: state.value for state in State} == {
        name: number for name, number in states.items() if number
    }


texts = st.one_of(st.text(max_size=5), st.binary(max_size=5))
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@st.composite
def tensors(draw: st.DrawFn) -> tuple[DataType, Any]:
    """A dtype and an array of it, texts as bytes."""
    dtype = draw(st.sampled_from(list(DataType)))
    if dtype is DataType.DT_STRING:
        values = draw(hnp.arrays(object, draw(shapes), elements=texts, fill=st.nothing()))
    else:
        values = draw(hnp.arrays(dtype.numpy, shapes))
    return dtype, as_array("x", values, TensorInfo(dtype, None))


@given(tensors())
def test_tensors_are_read_by_tensorflow_and_back(case: tuple[DataType, Any]) -> None:
    dtype, array = case
    there = tensor_pb2.TensorProto.FromString(tensor_proto(array, dtype).SerializeToString())
    np.testing.assert_array_equal(tf.make_ndarray(there), array)

    back = tf.make_tensor_proto(array, dtype=int(dtype)).SerializeToString()
    expected = as_texts(array) if dtype is DataType.DT_STRING else array
    np.testing.assert_array_equal(array_of(messages.TensorProto.FromString(back)), expected)


@given(tensors())
def test_values_in_their_fields_are_read(case: tuple[DataType, Any]) -> None:
    """TF Serving does not use tensor_content, and may leave out repeated values at the end."""
    dtype, array = case
    proto = messages.TensorProto(dtype=dtype)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    values = array.ravel().tolist()
    while len(values) > 1 and values[-1] == values[-2]:
        values.pop()
    getattr(proto, VALUES[dtype]).extend(values)
    expected = as_texts(array) if dtype is DataType.DT_STRING else array
    np.testing.assert_array_equal(array_of(proto), expected)


@pytest.mark.parametrize("dtype", DataType)
def test_a_tensor_without_values_is_zero(dtype: DataType) -> None:
    proto = messages.TensorProto(dtype=dtype)
    proto.tensor_shape.dim.add(size=2)
    zero = "" if dtype is DataType.DT_STRING else 0
    assert array_of(proto).tolist() == [zero, zero]


def test_damaged_tensors_are_errors() -> None:
    proto = messages.TensorProto(dtype=DataType.DT_INT32, int_val=[1, 2, 3])
    proto.tensor_shape.dim.add(size=2)
    with pytest.raises(ValueError, match=r"3 values for the shape \[2\]"):
        array_of(proto)
    with pytest.raises(ValueError, match="19"):
        array_of(messages.TensorProto(dtype=19))


@given(st.dictionaries(st.text(), st.binary()), st.text(), st.integers(0, 2**63 - 1), st.text())
def test_requests_are_read_by_the_stubs(
    inputs: dict[str, bytes], model: str, version: int, label: str
) -> None:
    request = messages.PredictRequest()
    request.model_spec.name = model
    request.model_spec.version.value = version
    request.model_spec.signature_name = label
    for name, content in inputs.items():
        request.inputs[name].tensor_content = content
    there = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert (there.model_spec.name, there.model_spec.signature_name) == (model, label)
    assert there.model_spec.WhichOneof("version_choice") == "version"
    assert there.model_spec.version.value == version
    assert {name: tensor.tensor_content for name, tensor in there.inputs.items()} == inputs
    assert messages.PredictRequest.FromString(there.SerializeToString()) == request

    request = messages.GetModelStatusRequest()
    request.model_spec.version_label = label or "x"
    spec = get_model_status_pb2.GetModelStatusRequest.FromString(request.SerializeToString())
    assert spec.model_spec.WhichOneof("version_choice") == "version_label"
