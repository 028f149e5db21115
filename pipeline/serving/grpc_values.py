"""Protos of TF Serving as values of this package, and back."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import model_pb2

from pipeline.serving.limits import Limits
from pipeline.serving.request_error import invalid
from pipeline.serving.signature import TensorInfo
from pipeline.serving.version_manager import ModelSpec


def model_spec(proto: model_pb2.ModelSpec) -> ModelSpec:
    """Returns the model and version of a request.

    Raises:
      RequestError: It has no name.
    """
    if not proto.name:
        raise invalid("ModelSpec has no name specified.")
    choice = proto.WhichOneof("version_choice")
    return ModelSpec(
        proto.name,
        proto.version.value if choice == "version" else None,
        proto.version_label if choice == "version_label" else None,
    )


def set_version(proto: model_pb2.ModelSpec, name: str, version: int) -> None:
    """Sets the model and version of a response."""
    proto.name = name
    proto.version.value = version


def array(
    name: str, proto: tensor_pb2.TensorProto, info: TensorInfo, limits: Limits
) -> npt.NDArray[Any]:
    """Returns the values of an input.

    Args:
      name: Name of the input.
      proto: The values, which are checked before an array is allocated.
      info: The input.
      limits: The largest shape.

    Raises:
      RequestError: Its dtype or shape is not that of the input, or it is damaged.
    """
    if proto.dtype != info.dtype.as_datatype_enum:
        raise invalid(
            f"Expects arg[{name}] to be {info.dtype.name} but {_dtype_name(proto.dtype)} is "
            "provided"
        )
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.tensor_shape.unknown_rank or min(shape, default=0) < 0 or len(shape) > 2:
        raise invalid(f"{name}: the shape of a value must be known and of rank 2 at most")
    limits.check_shape(name, shape)
    if info.is_text and not proto.string_val and not proto.tensor_content:
        # As in TensorFlow; `make_ndarray` returns texts instead of bytes.
        return np.full(shape, b"", object)
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (ValueError, TypeError) as error:
        raise invalid(f"{name}: damaged tensor: {error}") from error


def tensor_proto(values: npt.NDArray[Any]) -> tensor_pb2.TensorProto:
    """Returns the values of an output."""
    return tf.make_tensor_proto(values, tf.string if values.dtype == object else None)


def _dtype_name(number: int) -> str:
    try:
        return str(tf.as_dtype(number).name)
    except TypeError:
        return "an unknown dtype"
