"""Nested JSON lists as tensors, and tensors as nested JSON lists.

Rules and messages are those of tensorflow_serving/util/json_tensor.cc, version 2.16.
"""

import base64
import binascii
import json
import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.serving.request_error import RequestError, invalid
from pipeline.serving.signature import TensorInfo, as_feed

BASE64_KEY = "b64"
BYTES_SUFFIX = "_bytes"
_SHOWN = 256
# More than any input of a model has, and less than what an array can have.
_MAX_RANK = 16
_ENCODER = json.JSONEncoder()
_LARGEST_FLOAT = int(sys.float_info.max)


def tensor(value: Any, info: TensorInfo) -> npt.NDArray[Any]:
    """Returns nested lists as an array of an input's dtype.

    Raises:
      RequestError: The lists are ragged, or a value is not of the dtype.
    """
    shape = _shape(value)
    flat: list[Any] = []
    _flatten(value, shape, info, flat)
    return as_feed(info, flat, shape)


def stacked_tensor(values: list[Any], info: TensorInfo, place: str) -> npt.NDArray[Any]:
    """Returns the values of all rows as one array, whose first dimension is the row.

    Args:
      values: One value per row.
      info: The input that they belong to.
      place: Where they are in a row, for messages.

    Raises:
      RequestError: A value does not fit the input, or the shapes of the rows differ.
    """
    shape = _shape(values[0])
    flat: list[Any] = []
    for number, value in enumerate(values):
        _append_row(value, shape, info, flat, f"{number}{place}")
    return as_feed(info, flat, (len(values), *shape))


def _append_row(
    value: Any, shape: tuple[int, ...], info: TensorInfo, flat: list[Any], place: str
) -> None:
    """Appends the values of a row, which must have the shape of the first one, to `flat`."""
    found, start = _shape(value), len(flat)
    try:
        _flatten(value, found, info, flat)
        _check_like_first(found, len(flat) - start, shape)
    except RequestError as error:
        raise invalid(
            f"Failed to process element: {place} of 'instances' list. Error: INVALID_ARGUMENT: "
            f"{error.message}"
        ) from error


def _check_like_first(found: tuple[int, ...], size: int, expected: tuple[int, ...]) -> None:
    if size != math.prod(expected):
        raise invalid(f"Expecting tensor size: {math.prod(expected)} but got: {size}")
    if found != expected:
        raise invalid(f"Expecting shape {_bracketed(expected)} but got: {_bracketed(found)}")


def _shape(value: Any) -> tuple[int, ...]:
    """Returns the shape that the first elements of nested lists have.

    Raises:
      RequestError: It has too many dimensions.
    """
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        if len(sizes) > _MAX_RANK:
            raise invalid(f"lists in more than {_MAX_RANK} lists: no input has so many dimensions")
        if not value:
            break
        value = value[0]
    return tuple(sizes)


def _flatten(
    value: Any, shape: tuple[int, ...], info: TensorInfo, flat: list[Any], level: int = 0
) -> None:
    """Appends the leaves of nested lists to `flat`, converted, and checks the shape."""
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON "
                f"DOM. Expected at level: {len(shape)}"
            )
        flat.append(_leaf(value, info))
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: "
            f"{shape[level]}"
        )
    for element in value:
        _flatten(element, shape, info, flat, level + 1)


def _leaf(value: Any, info: TensorInfo) -> Any:
    """Returns a JSON value as a value of an input's dtype."""
    kind = type(value)
    if info.is_text:
        if kind is str:
            return _utf8(value)
        if kind is dict:
            return _decode_base64(value)
    elif info.dtype.is_floating:
        if kind is float or (kind is int and abs(value) <= _LARGEST_FLOAT):
            return value
    elif info.dtype.is_bool:
        if kind is bool:
            return value
    elif info.dtype.is_integer and kind is int and info.dtype.min <= value <= info.dtype.max:
        return value
    raise invalid(
        f"JSON Value: {shown(value)} Type: {_json_type(value)} is not of expected type: "
        f"{info.dtype.name}"
    )


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise invalid(
            f"JSON Parse error: The surrogate pair in string is invalid. at offset: {error.start}"
        ) from error


def _decode_base64(value: dict[str, Any]) -> bytes:
    if not _is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = "".join(value[BASE64_KEY].split()).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(BASE64_KEY), str)


def is_object(value: Any) -> bool:
    """Returns whether a JSON value is an object with names, not a base64 string."""
    return isinstance(value, dict) and not _is_base64(value)


def json_values(name: str, values: npt.NDArray[Any]) -> Any:
    """Returns an output as nested lists of JSON values."""
    if values.dtype == object:
        encode = _as_base64 if name.endswith(BYTES_SUFFIX) else _as_text
        flat = np.empty(values.size, object)
        flat[:] = [encode(value) for value in values.ravel()]
        return flat.reshape(values.shape).tolist()
    if values.dtype == np.float32:
        # The shortest decimal that rounds to the same number: 0.2, not 0.20000000298.
        return values.astype(str).astype(np.float64).tolist()
    return values.tolist()


def _as_text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _as_base64(value: bytes) -> dict[str, str]:
    return {BASE64_KEY: base64.b64encode(value).decode()}


def shown(value: Any) -> str:
    """Returns the beginning of a JSON value, for messages."""
    text = ""
    # Only the beginning is encoded, because values may be large, or nested deeper than Python calls
    # functions.
    for part in _ENCODER.iterencode(value):
        text += part
        if len(text) >= _SHOWN:
            break
    return text[:_SHOWN]


def _bracketed(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return str(value)
    names = {type(None): "Null", dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")
