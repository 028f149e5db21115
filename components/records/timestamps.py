"""Conversion of columns of raw values to times.

A column is converted with vectorised functions where its type allows it, otherwise value by value
with the functions of `fields`. Both give the same result.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.readers.records import Values
from components.records import fields
from components.records.column_values import (
    ConvertedColumn,
    arrow_array,
    in_us,
    is_text,
    one_by_one,
    to_floats,
    to_list,
    to_texts,
)
from components.records.fields import FieldError
from components.records.time_formats import TimeFormat, time_format
from components.records.time_looks import describe_numbers, describe_texts
from components.records.time_ranges import STATED, time_range
from schemas.events import RejectReason
from schemas.source_settings import TimestampUnit


def convert_timestamps(
    values: Values,
    unit: TimestampUnit,
    earliest_us: int = fields.EPOCH_US,
    layout: str | None = None,
) -> ConvertedColumn:
    """Converts a column to int64 microseconds since the epoch, UTC (see `fields.timestamp_parser`).

    Dates and times of Parquet, Avro and BigQuery are converted directly.

    Args:
      values: The column.
      unit: The unit of numbers, or `iso8601`.
      earliest_us: Earlier timestamps fail.
      layout: The format of texts (`time_formats.time_format`), in place of the unit.

    Returns:
      The times, with their range in `times`. A failure states what its value looks like.
    """
    if layout is not None:
        converted = _convert_formatted(values, time_format(layout), earliest_us)
    else:
        converted = _convert(values, unit, earliest_us)
        times_us = converted.values.to_numpy()
        if converted.failures:
            times_us = np.delete(times_us, list(converted.failures))
        is_stated = unit == "iso8601" or _are_stated(values)
        found = time_range(times_us, STATED if is_stated else unit)
        converted = replace(converted, times=found)
    return replace(converted, failures=_describe(values, converted.failures, unit, layout))


def _convert(values: Values, unit: TimestampUnit, earliest_us: int) -> ConvertedColumn:
    times = _iso8601_us(values) if unit == "iso8601" else _number_us(values, unit)
    if times is not None and len(times):
        array = times.to_numpy(zero_copy_only=False)
        if (
            not times.null_count
            and array.min() >= earliest_us
            and array.max() < fields.YEAR_10000_US
        ):
            return ConvertedColumn(times)
    return one_by_one(values, fields.timestamp_parser(unit, earliest_us), pa.int64(), 0)


def _convert_formatted(values: Values, layout: TimeFormat, earliest_us: int) -> ConvertedColumn:
    array = arrow_array(values)
    if _are_stated(values) and array is not None:
        return _convert(values, "iso8601", earliest_us)
    texts = _format_texts(values)
    if "." not in layout.text:
        # Programs that keep a column with missing values as fractions write 20140401.0.
        texts = pc.replace_substring_regex(texts, r"^([0-9]+)\.0+$", r"\1")
    times_us, is_valid = layout.parse(texts)
    is_valid &= (times_us >= earliest_us) & (times_us < fields.YEAR_10000_US)
    raw = to_list(values) if not is_valid.all() else []
    failures = {}
    for row in np.flatnonzero(~is_valid).tolist():
        if isinstance(raw[row], date):
            converted = _convert([raw[row]], "iso8601", earliest_us)
            times_us[row] = converted.values[0].as_py()
            if converted.failures:
                failures[row] = converted.failures[0]
        else:
            failures[row] = _format_error(raw[row], layout)
    times_us[list(failures)] = 0
    return ConvertedColumn(pa.array(times_us), failures)


def _format_texts(values: Values) -> pa.StringArray:
    """Returns trimmed texts; whole numbers are their digits, and values without text are null."""
    texts = to_texts(values)
    if texts is not None:
        return texts
    return pa.array([_format_text(value) for value in to_list(values)], pa.string())


def _format_text(value: Any) -> str | None:
    if isinstance(value, bool | date):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value).strip() if isinstance(value, str | int) else None


def _format_error(value: Any, layout: TimeFormat) -> FieldError:
    if _format_text(value) in (None, "") and (value is None or isinstance(value, str | bytes)):
        return FieldError(RejectReason.MISSING_FIELD, "timestamp is missing or empty")
    if isinstance(value, float) and np.isnan(value):
        return FieldError(RejectReason.MISSING_FIELD, "timestamp is missing or empty")
    detail = (
        f"timestamp is {fields.short(value)}, expected a time after 1970 as "
        f"{layout.text} (for example {layout.example})"
    )
    return FieldError(RejectReason.BAD_TIMESTAMP, detail)


def _are_stated(values: Values) -> bool:
    """Returns whether a column has dates and times, which need neither unit nor format."""
    if isinstance(values, pa.Array):
        return pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)
    return any(issubclass(kind, date) for kind in set(map(type, values)))


def _describe(
    values: Values, failures: dict[int, FieldError], unit: str, layout: str | None
) -> dict[int, FieldError]:
    """Returns the failures, extended by what their values look like."""
    rows = [row for row, error in failures.items() if error.reason is RejectReason.BAD_TIMESTAMP]
    if not rows:
        return failures
    raw = to_list(values)
    found = [raw[row] for row in rows]
    looks = _looks(found, "" if layout else unit)
    described = {
        row: FieldError(failures[row].reason, failures[row].detail + look)
        for row, look in zip(rows, looks, strict=True)
    }
    return failures | described


def _looks(values: Sequence[Any], unit: str) -> list[str]:
    """Returns what each value looks like, as the end of a message."""
    texts = [
        value.decode("utf-8", "replace") if type(value) is bytes else value for value in values
    ]
    numbers = np.array([_number(value) for value in texts])
    looks = describe_numbers(np.nan_to_num(numbers, nan=-1, posinf=-1, neginf=-1), unit)
    rows = [row for row, value in enumerate(texts) if type(value) is str and not looks[row]]
    for row, look in zip(rows, describe_texts([texts[row] for row in rows]), strict=True):
        looks[row] = look
    return looks


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return np.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return np.nan


def _number_us(values: Values, unit: TimestampUnit) -> pa.Int64Array | None:
    array = arrow_array(values)
    if array is None or array.null_count:
        return None
    factor = 1 if unit == "ns" else fields.US_PER_UNIT[unit]
    limit = 2**63 // factor
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _times_us(array)
    try:
        if is_text(array.type):
            text = array.cast(pa.string())
            if pc.any(pc.match_substring(text, "x", ignore_case=True)).as_py():
                return None  # Arrow parses hexadecimal numbers; Python's int() does not.
            array = text.cast(pa.int64())
        if pa.types.is_integer(array.type):
            numbers = array.cast(pa.int64()).to_numpy()
            within = len(numbers) and -limit < numbers.min() and numbers.max() < limit
            if unit == "ns":
                return pa.array(numbers // fields.NS_PER_US)
            return pa.array(numbers * factor) if within else None
    except pa.ArrowException:
        pass
    # Nanoseconds since 1970 exceed the exact numbers of float64.
    return None if unit == "ns" else _float_us(values, factor)


def _float_us(values: Values, factor: int) -> pa.Int64Array | None:
    """Converts fractional numbers; None if float64 cannot represent a product exactly."""
    floats = to_floats(values)
    if floats is None or floats.null_count:
        return None
    times = np.rint(floats.to_numpy(zero_copy_only=False) * factor)
    if not (np.abs(times) < fields.LARGEST_EXACT_FLOAT).all():
        return None
    return pa.array(times.astype(np.int64))


def _iso8601_us(values: Values) -> pa.Int64Array | None:
    array = arrow_array(values)
    if array is None or array.null_count:
        return None
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _times_us(array)
    if not is_text(array.type):
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
        return in_us(array).cast(pa.timestamp("us", tz=array.type.tz)).cast(pa.int64())
    except pa.ArrowException:
        return None
