"""Signatures of a served model, as its metadata describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.errors import InputError
from schemas.features import MISSING_INTEGER, MISSING_NUMBER, MISSING_TEXT

Arrays = dict[str, npt.NDArray[Any]]


class DataType(IntEnum):
    """The dtypes of the signatures of pushed models, with the numbers of tensorflow.DataType."""

    DT_FLOAT = 1
    DT_DOUBLE = 2
    DT_INT32 = 3
    DT_STRING = 7
    DT_INT64 = 9
    DT_BOOL = 10

    @property
    def numpy(self) -> np.dtype[Any]:
        """The dtype of arrays; strings are bytes in object arrays."""
        return _NUMPY[self]

    @property
    def missing(self) -> str | int | float:
        """What a request has in place of a missing value."""
        if self is DataType.DT_STRING:
            return MISSING_TEXT
        return MISSING_NUMBER if self.numpy.kind == "f" else MISSING_INTEGER


_NUMPY: dict[DataType, np.dtype[Any]] = {
    DataType.DT_FLOAT: np.dtype("<f4"),
    DataType.DT_DOUBLE: np.dtype("<f8"),
    DataType.DT_INT32: np.dtype("<i4"),
    DataType.DT_STRING: np.dtype(object),
    DataType.DT_INT64: np.dtype("<i8"),
    DataType.DT_BOOL: np.dtype(bool),
}
# Kinds of NumPy dtypes that an array of a kind may be given as.
_ACCEPTED = {"f": "iuf", "i": "iu", "b": "b"}


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output of a signature.

    Attributes:
      dtype: Its dtype.
      shape: Its shape, with None for unknown sizes; None if the rank is unknown.
    """

    dtype: DataType
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """A signature of a served model.

    Attributes:
      inputs: Inputs by name.
      outputs: Outputs by name.
    """

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


@dataclass(frozen=True)
class Metadata:
    """The metadata of a served version.

    Attributes:
      version: The version.
      signatures: Its signatures that have inputs, by name.
    """

    version: int
    signatures: Mapping[str, Signature]


def as_arrays(inputs: Mapping[str, Any], signature: Signature) -> Arrays:
    """Returns the inputs of a request as arrays of the dtypes of a signature.

    Args:
      inputs: By name, nested lists or arrays; texts as str or bytes.
      signature: The signature.

    Raises:
      InputError: Inputs are missing or unknown, or values do not fit.
    """
    missing = [name for name in signature.inputs if name not in inputs]
    unknown = [name for name in inputs if name not in signature.inputs]
    if missing or unknown:
        problems = [f"missing: {', '.join(missing)}"] * bool(missing)
        problems += [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        raise InputError(
            f"inputs {'; '.join(problems)}; the signature has {', '.join(signature.inputs)}"
        )
    return {name: as_array(name, inputs[name], info) for name, info in signature.inputs.items()}


def as_array(name: str, values: Any, info: TensorInfo) -> npt.NDArray[Any]:
    """Returns values as an array of the dtype of an input.

    Args:
      name: Name of the input, for messages.
      values: Nested lists or an array.
      info: The input.

    Raises:
      InputError: The lists are ragged, or values or shape do not fit the input.
    """
    is_text = info.dtype is DataType.DT_STRING
    try:
        array = np.asarray(values, object if is_text else None)
        array = _encoded(array) if is_text else _converted(array, info.dtype.numpy)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{name}: expected {info.dtype.name} as nested lists or an array, all lists of a level "
            f"with the same length: {error}"
        ) from error
    if not _fits(array.shape, info.shape):
        raise InputError(f"{name}: the shape is {array.shape}; expected {info.shape}")
    return array


def _encoded(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns texts as bytes."""
    encoded = np.empty(array.size, object)
    for position, value in enumerate(array.ravel()):
        if not isinstance(value, str | bytes):
            raise TypeError(f"found {value!r}, which is not a text")
        encoded[position] = (
            value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        )
    return encoded.reshape(array.shape)


def _converted(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Returns numbers in another dtype, if it has the values."""
    if array.size and array.dtype.kind not in _ACCEPTED[dtype.kind]:
        raise TypeError(f"found values of the type {array.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(dtype)
    if dtype.kind == "i" and not np.array_equal(converted, array):
        raise ValueError(f"found a value beyond {dtype}")
    return converted


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...] | None) -> bool:
    if expected is None:
        return True
    return len(shape) == len(expected) and all(
        size is None or size == found for found, size in zip(shape, expected, strict=True)
    )


def as_texts(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns bytes as texts; bytes that are not UTF-8 are surrogates, as in file names."""
    texts = np.empty(array.size, object)
    texts[:] = [value.decode("utf-8", "surrogateescape") for value in array.ravel()]
    return texts.reshape(array.shape)
