"""Conversion of columns of raw values to ids, timestamps, numbers and categories.

A column is converted with Arrow's vectorised functions where its type allows it, otherwise value
by value with the functions of `fields`. Both give the same result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values, python_values
from components.records import fields
from components.records.fields import FieldError
from schemas.source_settings import TimestampUnit

_CANNOT_CONVERT = (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError)


@dataclass(frozen=True)
class ConvertedColumn:
    """A column after conversion.

    Attributes:
      values: [num_rows], without nulls. Failed rows hold a filler value.
      failures: The error of each row that could not be converted.
    """

    values: pa.Array
    failures: dict[int, FieldError] = field(default_factory=dict)


def convert_ids(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to ids: trimmed, non-empty texts (see `fields.to_id`)."""
    texts = _texts(values)
    if (
        texts is None
        or texts.null_count
        or pc.min(pc.binary_length(texts)).as_py() == 0
        or pc.any(pc.match_substring(texts, "\n")).as_py()
    ):
        return _one_by_one(values, lambda value: fields.to_id(value, name), pa.string(), "")
    return ConvertedColumn(texts)


def convert_categories(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to categories: trimmed texts, "" if missing (see `fields.to_category`)."""
    texts = _texts(values)
    if texts is None:
        return _one_by_one(values, lambda value: fields.to_category(value, name), pa.string(), "")
    return ConvertedColumn(texts.fill_null("") if texts.null_count else texts)


def convert_numbers(values: Values, name: str) -> ConvertedColumn:
    """Converts a column to finite float32 numbers, NaN if missing (see `fields.to_number`)."""
    floats = _floats(values)
    if floats is not None:
        filled = floats.fill_null(np.nan) if floats.null_count else floats
        array = filled.to_numpy(zero_copy_only=False)
        if not (np.abs(array) > fields.FLOAT32_MAX).any():
            return ConvertedColumn(filled)
    return _one_by_one(values, lambda value: fields.to_number(value, name), pa.float64(), np.nan)


def convert_timestamps(
    values: Values, unit: TimestampUnit, earliest_us: int = fields.EPOCH_US
) -> ConvertedColumn:
    """Converts a column to int64 microseconds since the epoch, UTC (see `fields.timestamp_parser`).

    Args:
      values: The column.
      unit: The unit of numbers, or `iso8601`.
      earliest_us: Earlier timestamps fail.
    """
    times = _iso8601_us(values) if unit == "iso8601" else _number_us(values, unit)
    if times is not None and len(times):
        array = times.to_numpy(zero_copy_only=False)
        if (
            not times.null_count
            and array.min() >= earliest_us
            and array.max() < fields.YEAR_10000_US
        ):
            return ConvertedColumn(times)
    return _one_by_one(values, fields.timestamp_parser(unit, earliest_us), pa.int64(), 0)


def _one_by_one(
    values: Values, convert: Callable[[Any], Any], dtype: pa.DataType, filler: Any
) -> ConvertedColumn:
    outcomes = [_value_or_error(convert, value) for value in to_list(values)]
    failures = {
        row: outcome for row, outcome in enumerate(outcomes) if isinstance(outcome, FieldError)
    }
    converted = [filler if isinstance(outcome, FieldError) else outcome for outcome in outcomes]
    return ConvertedColumn(pa.array(converted, dtype), failures)


def _value_or_error(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(_decoded(value))
    except FieldError as error:
        return error


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
    return python_values(_in_us(values) if is_times else values)


def _in_us(times: pa.Array) -> pa.Array:
    """Truncates nanosecond times to microseconds; times in other units are unchanged."""
    if times.type.unit != "ns":
        return times
    return times.cast(pa.timestamp("us", tz=times.type.tz), safe=False)


def _texts(values: Values) -> pa.StringArray | None:
    """Trims a column of texts or integers; nulls remain. None if the column has another type."""
    array = _array(values)
    if array is None:
        return None
    if pa.types.is_integer(array.type) or pa.types.is_null(array.type):
        return array.cast(pa.string())
    if not _is_text(array.type):
        return None
    try:
        return pc.utf8_trim_whitespace(array.cast(pa.string()))
    except pa.ArrowException:
        return None


def _floats(values: Values) -> pa.FloatingPointArray | None:
    array = _array(values)
    if array is None:
        return None
    try:
        if _is_text(array.type):
            text = array.cast(pa.string())
            empty = pc.equal(pc.binary_length(text), 0)
            floats = pc.if_else(empty, pa.scalar(None, pa.string()), text).cast(pa.float64())
            return None if pc.any(pc.is_nan(floats)).as_py() else floats
        if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
            return array.cast(pa.float64())
        return pa.nulls(len(array), pa.float64()) if pa.types.is_null(array.type) else None
    except pa.ArrowException:
        return None


def _number_us(values: Values, unit: TimestampUnit) -> pa.Int64Array | None:
    array = _array(values)
    if array is None or array.null_count:
        return None
    factor = fields.US_PER_UNIT[unit]
    limit = 2**63 // factor
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _times_us(array)
    try:
        if _is_text(array.type):
            text = array.cast(pa.string())
            if pc.any(pc.match_substring(text, "x", ignore_case=True)).as_py():
                return None  # Arrow parses hexadecimal numbers; Python's int() does not.
            array = text.cast(pa.int64())
        if pa.types.is_integer(array.type):
            numbers = array.cast(pa.int64()).to_numpy()
            within = len(numbers) and -limit < numbers.min() and numbers.max() < limit
            return pa.array(numbers * factor) if within else None
    except pa.ArrowException:
        pass
    return _float_us(values, factor)


def _float_us(values: Values, factor: int) -> pa.Int64Array | None:
    """Converts fractional numbers; None if float64 cannot represent a product exactly."""
    floats = _floats(values)
    if floats is None or floats.null_count:
        return None
    times = np.rint(floats.to_numpy(zero_copy_only=False) * factor)
    if not (np.abs(times) < fields.LARGEST_EXACT_FLOAT).all():
        return None
    return pa.array(times.astype(np.int64))


def _iso8601_us(values: Values) -> pa.Int64Array | None:
    array = _array(values)
    if array is None or array.null_count:
        return None
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _times_us(array)
    if not _is_text(array.type):
        return None
    without_zone = _parse_iso8601(array, zone=None)
    return _parse_iso8601(array, zone="UTC") if without_zone is None else without_zone


def _parse_iso8601(texts: pa.Array, zone: str | None) -> pa.Int64Array | None:
    """Parses texts that all have a zone or all have none; None if mixed or not timestamps."""
    try:
        return texts.cast(pa.string()).cast(pa.timestamp("us", tz=zone)).cast(pa.int64())
    except pa.ArrowException:
        return None


def _times_us(array: pa.Array) -> pa.Int64Array | None:
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    try:
        return _in_us(array).cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.int64())
    except pa.ArrowException:
        return None


def _array(values: Values) -> pa.Array | None:
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


def _is_text(dtype: pa.DataType) -> bool:
    return (
        pa.types.is_string(dtype)
        or pa.types.is_large_string(dtype)
        or pa.types.is_binary(dtype)
        or pa.types.is_large_binary(dtype)
    )
