"""Conversion of columns of raw values to ids, numbers and categories.

A column is converted with Arrow's vectorised functions where its type allows it, otherwise value
by value with the functions of `fields`. Both give the same result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values, python_values
from components.records import fields
from components.records.binary_values import has_binary_text, hexadecimal
from components.records.fields import FieldError
from components.records.list_text import ListForm
from components.records.time_ranges import TimeRange

_CANNOT_CONVERT = (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError)


@dataclass(frozen=True)
class ConvertedColumn:
    """A column after conversion.

    Attributes:
      values: [num_rows], without nulls. Failed rows hold a filler value.
      failures: The error of each row that could not be converted.
      list_forms: For a column of lists, the number of texts of each form and the row of the first.
      times: For a column of times, the range of their numbers.
    """

    values: pa.Array
    failures: dict[int, FieldError] = field(default_factory=dict)
    list_forms: dict[ListForm, tuple[int, int]] = field(default_factory=dict)
    times: TimeRange | None = None


def convert_ids(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to ids: trimmed, non-empty texts (see `fields.to_id`).

    Fixed-size bytes become hexadecimal text; other bytes must be text (`binary_values`).
    """
    values = hexadecimal(values)
    array = arrow_array(values)
    texts = None if array is None else to_texts(array)
    if (
        array is None
        or texts is None
        or _is_binary_data(array)
        or texts.null_count
        or pc.min(pc.binary_length(texts)).as_py() == 0
        or pc.any(pc.match_substring(texts, "\n")).as_py()
    ):
        return one_by_one(values, partial(fields.to_id, name=name), pa.string(), "", decode=False)
    return ConvertedColumn(texts)


def convert_categories(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to categories: trimmed texts, "" if missing (see `fields.to_category`)."""
    values = hexadecimal(values)
    texts = to_texts(values)
    if texts is None:
        return one_by_one(values, lambda value: fields.to_category(value, name), pa.string(), "")
    return ConvertedColumn(texts.fill_null("") if texts.null_count else texts)


def convert_numbers(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to finite float32 numbers, NaN if missing (see `fields.to_number`)."""
    floats = to_floats(values)
    if floats is not None:
        filled = floats.fill_null(np.nan) if floats.null_count else floats
        array = filled.to_numpy(zero_copy_only=False)
        if not (np.abs(array) > fields.FLOAT32_MAX).any():
            return ConvertedColumn(filled)
    return one_by_one(values, lambda value: fields.to_number(value, name), pa.float64(), np.nan)


def one_by_one(
    values: Values,
    convert: Callable[[Any], Any],
    dtype: pa.DataType,
    filler: Any,
    decode: bool = True,
) -> ConvertedColumn:
    """Converts a column value by value.

    Args:
      values: The column.
      convert: Converts one value, or raises FieldError.
      dtype: The type of the result.
      filler: The value of rows that fail.
      decode: Whether bytes are decoded as UTF-8 first, if they can be.
    """
    raw = to_list(values)
    outcomes = [
        _value_or_error(convert, value) for value in (map(_decoded, raw) if decode else raw)
    ]
    failures = {
        row: outcome for row, outcome in enumerate(outcomes) if isinstance(outcome, FieldError)
    }
    converted = [filler if isinstance(outcome, FieldError) else outcome for outcome in outcomes]
    return ConvertedColumn(pa.array(converted, dtype), failures)


def _value_or_error(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except FieldError as error:
        return error


def _is_binary_data(array: pa.Array) -> bool:
    """Returns whether a column has bytes that are text, but not that of an id."""
    if not (pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)):
        return False
    return has_binary_text(array.cast(pa.string()))


def _decoded(value: Any) -> Any:
    """Decodes bytes as UTF-8; some formats store texts as bytes. Other values are unchanged."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def to_list(values: Values) -> Sequence[Any]:
    """Returns a column as Python values; Arrow's times are truncated to microseconds.

    Python's `datetime` has no nanoseconds.
    """
    is_times = isinstance(values, pa.Array) and pa.types.is_timestamp(values.type)
    return python_values(in_us(values) if is_times else values)


def in_us(times: pa.Array) -> pa.Array:
    """Truncates nanosecond times to microseconds; times in other units are unchanged."""
    if times.type.unit != "ns":
        return times
    return times.cast(pa.timestamp("us", tz=times.type.tz), safe=False)


def to_texts(values: Values) -> pa.StringArray | None:
    """Trims a column of texts or integers; nulls remain. None if the column has another type."""
    array = arrow_array(values)
    if array is None:
        return None
    if pa.types.is_integer(array.type) or pa.types.is_null(array.type):
        return array.cast(pa.string())
    if not is_text(array.type):
        return None
    try:
        return pc.utf8_trim_whitespace(array.cast(pa.string()))
    except pa.ArrowException:
        return None


def to_floats(values: Values) -> pa.FloatingPointArray | None:
    """Returns a column of numbers or of their texts as float64; None if it is another."""
    array = arrow_array(values)
    if array is None:
        return None
    try:
        if is_text(array.type):
            text = array.cast(pa.string())
            empty = pc.equal(pc.binary_length(text), 0)
            floats = pc.if_else(empty, pa.scalar(None, pa.string()), text).cast(pa.float64())
            return None if pc.any(pc.is_nan(floats)).as_py() else floats
        if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
            return array.cast(pa.float64())
        return pa.nulls(len(array), pa.float64()) if pa.types.is_null(array.type) else None
    except pa.ArrowException:
        return None


def arrow_array(values: Values) -> pa.Array | None:
    """Returns the column as an Arrow array; None if its Python values differ in type."""
    if isinstance(values, pa.Array):
        if pa.types.is_dictionary(values.type):
            return values.dictionary_decode()
        return values
    types = set(map(type, values)) - {type(None)}
    if len(types) > 1 and types != {int, float}:
        return None
    if not types <= {str, int, float, bytes}:
        return None
    try:
        return pa.array(values, pa.float64() if float in types else None)
    except _CANNOT_CONVERT:
        return None


def is_text(dtype: pa.DataType) -> bool:
    """Returns whether values of a type are text, or bytes of variable length."""
    return (
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_binary(dtype)
        or pa.types.is_large_binary(dtype)
    )
