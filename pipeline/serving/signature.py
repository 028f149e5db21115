"""Signatures of a loaded model: names, dtypes and shapes of inputs and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from pipeline.serving.request_error import Code, RequestError, invalid
from schemas.errors import InputError

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output of a signature.

    Attributes:
      tensor: Name of the tensor in the graph.
      dtype: Its dtype.
      shape: Its shape, with None for unknown dimensions; None if the rank is unknown.
    """

    tensor: str
    dtype: tf.DType
    shape: tuple[int | None, ...] | None

    @property
    def is_text(self) -> bool:
        """Whether the values are strings, which are bytes in object arrays."""
        return bool(self.dtype == tf.string)


@dataclass(frozen=True)
class Signature:
    """A signature of a SavedModel.

    Attributes:
      name: Its key in the SavedModel.
      method: Its method name, such as tensorflow/serving/predict.
      inputs: Inputs by name.
      outputs: Outputs by name.
    """

    name: str
    method: str
    inputs: dict[str, TensorInfo]
    outputs: dict[str, TensorInfo]


def read_signatures(definitions: Mapping[str, meta_graph_pb2.SignatureDef]) -> dict[str, Signature]:
    """Returns the signatures that can be called, by name.

    Args:
      definitions: The signature definitions of a SavedModel.

    Raises:
      InputError: An input or an output has a dtype or a shape that this TensorFlow does not know.
    """
    return {
        name: Signature(
            name,
            definition.method_name,
            _tensor_infos(name, definition.inputs),
            _tensor_infos(name, definition.outputs),
        )
        for name, definition in definitions.items()
        if definition.inputs
    }


def _tensor_infos(
    signature: str, infos: Mapping[str, meta_graph_pb2.TensorInfo]
) -> dict[str, TensorInfo]:
    return {key: _tensor_info(signature, key, infos[key]) for key in sorted(infos)}


def _tensor_info(signature: str, key: str, info: meta_graph_pb2.TensorInfo) -> TensorInfo:
    try:
        shape = tf.TensorShape(info.tensor_shape)
        dimensions = None if shape.rank is None else tuple(shape.as_list())
        return TensorInfo(info.name, tf.as_dtype(info.dtype), dimensions)
    except (TypeError, ValueError) as error:
        raise InputError(f"{key!r} of the signature {signature!r}: {error}") from error


def check_inputs(signature: Signature, inputs: Arrays) -> None:
    """Checks the names, dtypes and shapes of the inputs of a request.

    Raises:
      RequestError: They do not match the signature.
    """
    check_names(signature, inputs)
    for name, info in signature.inputs.items():
        values = inputs[name]
        found = tf.string if values.dtype == object else tf.as_dtype(values.dtype)
        if found != info.dtype:
            raise invalid(
                f"Expects arg[{name}] to be {info.dtype.name} but {found.name} is provided"
            )
        if not _fits(values.shape, info.shape):
            raise invalid(
                f"Expects arg[{name}] to have the shape {_text(info.shape or ())} but "
                f"{_text(values.shape)} is provided"
            )


def check_names(signature: Signature, inputs: Mapping[str, Any]) -> None:
    """Checks that a request has every input of a signature and no other.

    Raises:
      RequestError: It has not. The message is that of TF Serving.
    """
    found, expected = set(inputs), set(signature.inputs)
    if found != expected:
        raise invalid(
            f"input size does not match signature: {len(found)}!={len(expected)} "
            f"len({_set(found)}) != len({_set(expected)}). Sent extra: {_set(found - expected)}. "
            f"Missing but required: {_set(expected - found)}."
        )


def selected_outputs(signature: Signature, output_filter: list[str]) -> list[str]:
    """Returns the names of the outputs that a request selects: all, or those in its filter.

    Raises:
      RequestError: The filter names an output that does not exist, or names one twice.
    """
    for position, name in enumerate(output_filter):
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in "
                f"the set {_set(set(signature.outputs))}."
            )
        if name in output_filter[:position]:
            raise invalid(f"duplicate output tensor alias: {name}")
    return output_filter or list(signature.outputs)


def unknown_signature(name: str) -> RequestError:
    """Returns the error of a gRPC request with an unknown signature."""
    return RequestError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')


def as_feed(info: TensorInfo, values: list[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Returns values in row-major order as an array of an input's dtype."""
    if info.is_text:
        array = np.empty(len(values), object)
        array[:] = values
    else:
        with np.errstate(over="ignore"):
            array = np.array(values, info.dtype.as_numpy_dtype)
    return array.reshape(shape)


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...] | None) -> bool:
    if expected is None:
        return True
    return len(shape) == len(expected) and all(
        size is None or size == found for found, size in zip(shape, expected, strict=True)
    )


def _text(shape: tuple[int | None, ...]) -> str:
    return "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"


def _set(names: set[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
