"""Conversion of single values of records to ids, timestamps, numbers and categories.

Errors carry the reason of the rejection, the value found and what was expected.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from components.records.binary_values import is_binary_text
from schemas.events import MICROSECONDS_PER_SECOND, MILLISECONDS_PER_SECOND, RejectReason
from schemas.source_settings import TimestampUnit

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
EPOCH_US = 0
YEAR_1_US = -62_135_596_800 * MICROSECONDS_PER_SECOND  # 0001-01-01
YEAR_10000_US = 253_402_300_800 * MICROSECONDS_PER_SECOND
FLOAT32_MAX = 3.4028235e38
LARGEST_EXACT_FLOAT = 2**53
US_PER_UNIT = {
    "s": MICROSECONDS_PER_SECOND,
    "ms": MICROSECONDS_PER_SECOND // MILLISECONDS_PER_SECOND,
    "us": 1,
}
NS_PER_US = 1_000
_ISO8601 = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}(?::\d{2}(?::\d{2})?)?)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+")

TimestampParser = Callable[[Any], int]


class FieldError(ValueError):
    """A value that cannot be converted.

    Attributes:
      reason: The reason for which its record is rejected.
      detail: The value found and what was expected.
    """

    def __init__(self, reason: RejectReason, detail: str):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def to_id(value: Any, name: str) -> str:
    """Returns an id as trimmed text; both 12 and 12.0 (an integer column with nulls) are "12".

    Raises:
      FieldError: The id is missing, contains a line break, or is neither text nor an exact integer;
        or it consists of bytes that are not text.
    """
    text = value.strip() if type(value) is str else _text(value, name, RejectReason.UNPARSEABLE)
    if isinstance(value, bytes) and is_binary_text(value.decode()):
        detail = f"{name} is {short(value)}, binary data: write ids as text, e.g. in hexadecimal"
        raise FieldError(RejectReason.UNPARSEABLE, detail)
    if not text:
        raise FieldError(RejectReason.MISSING_FIELD, f"{name} is missing or empty")
    if "\n" in text:
        detail = f"{name} is {short(text)}, which contains a line break: look for a stray quote"
        raise FieldError(RejectReason.UNPARSEABLE, detail)
    if type(value) is float and "." in text:
        detail = f"{name} is {value!r}, expected text or an integer (write ids as text)"
        raise FieldError(RejectReason.UNPARSEABLE, detail)
    return text


def to_category(value: Any, name: str) -> str:
    """Returns a category as trimmed text, "" if it is missing."""
    return value.strip() if type(value) is str else _text(value, name, RejectReason.BAD_VALUE)


def _text(value: Any, name: str, reason: RejectReason) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if not value.is_integer():
            return repr(value)
        if abs(value) < LARGEST_EXACT_FLOAT:
            return str(int(value))
        detail = f"{name} is {value!r}, too large for an exact float64: write it as text"
        raise FieldError(reason, detail)
    if isinstance(value, str | int | Decimal | date):
        return str(value).strip()
    if isinstance(value, bytes):
        try:
            return value.decode().strip()
        except UnicodeDecodeError:
            detail = (
                f"{name} is {short(value)}, not UTF-8 text: write binary data as text, e.g. in "
                "hexadecimal, or give the encoding"
            )
            raise FieldError(reason, detail) from None
    detail = f"{name} is a {type(value).__name__}, expected one text or number"
    raise FieldError(reason, detail)


def to_number(value: Any, name: str) -> float:
    """Returns a finite number that fits float32, NaN if it is missing.

    `1_0` is a number of Python, but not of data.

    Raises:
      FieldError: The value is not a number, is infinite or exceeds float32.
    """
    if value is None or value == "":
        return math.nan
    if type(value) is float and math.isnan(value):
        return math.nan
    try:
        if isinstance(value, bool) or (isinstance(value, str | bytes) and "_" in str(value)):
            raise ValueError("not a number")
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        if isinstance(value, str) and not value.strip():
            return math.nan
        detail = f"{name} is {short(value)}, expected a number{_decimal_hint(value)}"
        raise FieldError(RejectReason.BAD_VALUE, detail) from None
    if not abs(number) <= FLOAT32_MAX:
        raise FieldError(RejectReason.BAD_VALUE, f"{name} is {short(value)}, not a finite float32")
    return number


def _decimal_hint(value: Any) -> str:
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()):
        return ' with a decimal point: of a CSV file, set csv.decimal: ","'
    return ""


def timestamp_parser(unit: TimestampUnit, earliest_us: int = EPOCH_US) -> TimestampParser:
    """Returns a function that converts a value to microseconds since the epoch, UTC.

    Dates and times of Parquet are converted directly, whatever the unit. A time without a zone is
    UTC.

    Args:
      unit: The unit of numbers, also of numbers in text; or `iso8601`.
      earliest_us: Earlier timestamps are rejected. Events start in 1970; items can be older.
    """
    if unit == "iso8601":
        return partial(_iso8601_to_us, earliest_us=earliest_us)
    return partial(_number_to_us, unit=unit, earliest_us=earliest_us)


def is_iso8601(text: str) -> bool:
    """Returns whether a trimmed text has a form that the unit `iso8601` reads.

    >>> is_iso8601("2024-05-01 12:30:00 UTC"), is_iso8601("2024-05-01 9:30")
    (True, False)
    """
    return _ISO8601.fullmatch(text) is not None


def _number_to_us(value: Any, unit: str, earliest_us: int) -> int:
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
    if isinstance(value, date):
        return _in_range(_datetime_to_us(value), value, unit, earliest_us)
    if value is None or value == "":
        raise FieldError(RejectReason.MISSING_FIELD, "timestamp is missing or empty")
    if type(value) is int:
        return _in_range(_to_us(value, unit), value, unit, earliest_us)
    try:
        if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
            raise ValueError("not a number")
        return _in_range(_to_us(float(value), unit), value, unit, earliest_us)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FieldError):
            raise
        detail = f"timestamp is {short(value)}, expected a number in {unit}"
        raise FieldError(RejectReason.BAD_TIMESTAMP, detail) from None


def _to_us(number: float, unit: str) -> int:
    if unit == "ns":
        return int(number // NS_PER_US)
    return round(number * US_PER_UNIT[unit])


def _iso8601_to_us(value: Any, earliest_us: int) -> int:
    if isinstance(value, date):
        return _in_range(_datetime_to_us(value), value, "iso8601", earliest_us)
    if value is None or value == "":
        raise FieldError(RejectReason.MISSING_FIELD, "timestamp is missing or empty")
    match = _ISO8601.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if not match:
            raise ValueError("no match")
        zone = (match["zone"] or "Z").replace(":", "")
        zone = "+00:00" if zone.isalpha() else f"{zone[:3]}:{zone[3:] or '00'}"
        fraction = (match["fraction"] or "")[:6].ljust(6, "0")
        time = ((match["time"] or "00") + ":00:00")[:8]
        moment = datetime.fromisoformat(f"{match['date']}T{time}.{fraction}{zone}")
    except ValueError:
        detail = f"timestamp is {short(value)}, expected ISO 8601 (2024-05-01T12:30:00Z)"
        raise FieldError(RejectReason.BAD_TIMESTAMP, detail) from None
    return _in_range(_datetime_to_us(moment), value, "iso8601", earliest_us)


def _datetime_to_us(value: date) -> int:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return (value - _EPOCH) // _MICROSECOND


def _in_range(timestamp_us: int, value: Any, unit: str, earliest_us: int) -> int:
    if not earliest_us <= timestamp_us < YEAR_10000_US:
        first_year = 1970 if earliest_us == EPOCH_US else 1
        detail = (
            f"timestamp {short(value)} in unit {unit} is before {first_year} or after 9999; "
            "check timestamp_unit"
        )
        raise FieldError(RejectReason.BAD_TIMESTAMP, detail)
    return timestamp_us


def short(value: Any) -> str:
    """Returns a value as Python writes it, at most 60 characters of it, for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
