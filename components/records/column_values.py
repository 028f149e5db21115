"""Columns of raw values as ids, times, numbers and categories: whole columns at once where their
type allows, value by value (`fields`) where it does not. Both ways give the same.
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
class Converted:
    """A column in its normal form.

    Attributes:
      values: [num_rows], without nulls; what stands in a failed row means nothing.
      failures: Why there is no value, by row.
    """

    values: pa.Array
    failures: dict[int, FieldError] = field(default_factory=dict)


def ids(values: Values, name: str) -> Converted:
    """Trimmed, non-empty texts (`fields.to_id`)."""
    texts = _texts(values)
    if (
        texts is None
        or texts.null_count
        or pc.min(pc.binary_length(texts)).as_py() == 0
        or pc.any(pc.match_substring(texts, "\n")).as_py()
    ):
        return _one_by_one(values, lambda value: fields.to_id(value, name), pa.string(), "")
    return Converted(texts)


def categories(values: Values, name: str) -> Converted:
    """Trimmed texts, "" where missing (`fields.to_category`)."""
    texts = _texts(values)
    if texts is None:
        return _one_by_one(values, lambda value: fields.to_category(value, name), pa.string(), "")
    return Converted(texts.fill_null("") if texts.null_count else texts)


def numbers(values: Values, name: str) -> Converted:
    """Finite numbers that fit float32, NaN where missing (`fields.to_number`)."""
    floats = _floats(values)
    if floats is not None:
        found = floats.fill_null(np.nan) if floats.null_count else floats
        array = found.to_numpy(zero_copy_only=False)
        if not (np.abs(array) > fields.FLOAT32_MAX).any():
            return Converted(found)
    return _one_by_one(values, lambda value: fields.to_number(value, name), pa.float64(), np.nan)


def timestamps(
    values: Values, unit: TimestampUnit, earliest_us: int = fields.EPOCH_US
) -> Converted:
    """Microseconds since the epoch, UTC (`fields.timestamp_parser`)."""
    times = _iso8601_us(values) if unit == "iso8601" else _number_us(values, unit)
    if times is not None and len(times):
        array = times.to_numpy(zero_copy_only=False)
        if (
            not times.null_count
            and array.min() >= earliest_us
            and array.max() < fields.END_OF_TIME_US
        ):
            return Converted(times)
    return _one_by_one(values, fields.timestamp_parser(unit, earliest_us), pa.int64(), 0)


def _one_by_one(
    values: Values, convert: Callable[[Any], Any], dtype: pa.DataType, filler: Any
) -> Converted:
    outcomes = [_outcome(convert, value) for value in to_list(values)]
    failures = {row: found for row, found in enumerate(outcomes) if isinstance(found, FieldError)}
    converted = [filler if isinstance(found, FieldError) else found for found in outcomes]
    return Converted(pa.array(converted, dtype), failures)


def _outcome(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(_decoded(value))
    except FieldError as error:
        return error


def _decoded(value: Any) -> Any:
    """Formats without texts of their own have them as bytes; what is no UTF-8 stays."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def to_list(values: Values) -> Sequence[Any]:
    """Python values of a column; times of Arrow in the microseconds that `datetime` holds."""
    is_times = isinstance(values, pa.Array) and pa.types.is_timestamp(values.type)
    return python_values(_in_us(values) if is_times else values)


def _in_us(times: pa.Array) -> pa.Array:
    """Times without their nanoseconds; those that microseconds cannot hold stay as they are."""
    if times.type.unit != "ns":
        return times
    return times.cast(pa.timestamp("us", tz=times.type.tz), safe=False)


def _texts(values: Values) -> pa.StringArray | None:
    """Trimmed texts of a column of texts or of integers, with nulls; None for any other."""
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
                return None  # Arrow would read hexadecimal numbers
            array = text.cast(pa.int64())
        if pa.types.is_integer(array.type):
            numbers = array.cast(pa.int64()).to_numpy()
            within = len(numbers) and -limit < numbers.min() and numbers.max() < limit
            return pa.array(numbers * factor) if within else None
    except pa.ArrowException:
        pass
    return _float_us(values, factor)


def _float_us(values: Values, factor: int) -> pa.Int64Array | None:
    """Numbers with fractions, where the product is exact enough to round as integers would."""
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
    without_zone = _parsed(array, zone=None)
    return _parsed(array, zone="UTC") if without_zone is None else without_zone


def _parsed(texts: pa.Array, zone: str | None) -> pa.Int64Array | None:
    """Texts that all have a zone, or none that has; None where they are mixed or no times."""
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
    """The column as an Arrow array of one plain type; None where its values differ in type."""
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
