"""Tests of the conversion of single values to ids, timestamps, numbers and categories."""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records.fields import (
    FieldError,
    timestamp_parser,
    to_category,
    to_id,
    to_number,
)
from schemas.events import RejectReason
from schemas.source_settings import TimestampUnit

MAY_FIRST_US = 1_714_566_600 * 10**6  # 2024-05-01T12:30:00Z


@pytest.mark.parametrize(
    ("value", "expected"),
    [(" a ", "a"), (12, "12"), (12.0, "12"), (-3, "-3"), ("12.0", "12.0"), (b"x", "x"), ("é", "é")],
)
def test_ids_are_trimmed_text(value: Any, expected: str) -> None:
    assert to_id(value, "item_id") == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectReason.MISSING_FIELD),
        ("  ", RejectReason.MISSING_FIELD),
        (math.nan, RejectReason.MISSING_FIELD),
        (12.5, RejectReason.UNPARSEABLE),
        (1e20, RejectReason.UNPARSEABLE),
        ([1], RejectReason.UNPARSEABLE),
        ({"a": 1}, RejectReason.UNPARSEABLE),
        (b"\xff", RejectReason.UNPARSEABLE),
        (b"\x00\x01", RejectReason.UNPARSEABLE),
        (b"key\t", RejectReason.UNPARSEABLE),
    ],
)
def test_other_ids_are_rejected(value: Any, reason: RejectReason) -> None:
    with pytest.raises(FieldError, match="item_id") as caught:
        to_id(value, "item_id")
    assert caught.value.reason is reason


@given(st.integers(0, 4_000_000_000), st.sampled_from(["s", "ms", "us", "ns"]), st.booleans())
def test_integer_timestamps_are_exact(seconds: int, unit: TimestampUnit, as_text: bool) -> None:
    value = seconds * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    assert timestamp_parser(unit)(str(value) if as_text else value) == seconds * 10**6


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_iso8601_timestamps_agree_with_datetime(moment: datetime, offset_minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    expected = (zoned - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    assert timestamp_parser("iso8601")(zoned.isoformat()) == expected


@pytest.mark.parametrize(
    ("unit", "value", "expected_us"),
    [
        ("s", 1_714_566_600.25, MAY_FIRST_US + 250_000),
        ("s", " 1714566600.25 ", MAY_FIRST_US + 250_000),
        ("ms", "1714566600000", MAY_FIRST_US),
        ("s", 0, 0),
        ("iso8601", "2024-05-01T12:30:00Z", MAY_FIRST_US),
        ("iso8601", "2024-05-01 12:30", MAY_FIRST_US),
        ("iso8601", "2024-05-01T14:30:00+0200", MAY_FIRST_US),
        ("iso8601", "2024-05-01T14:30:00+02", MAY_FIRST_US),
        ("iso8601", "2024-05-01T12:30:00.5Z", MAY_FIRST_US + 500_000),
        ("iso8601", "2024-05-01T12:30:00.123456789Z", MAY_FIRST_US + 123_456),
        ("iso8601", "1970-01-02", 86_400 * 10**6),
        ("s", datetime(2024, 5, 1, 12, 30), MAY_FIRST_US),
        ("iso8601", date(1970, 1, 2), 86_400 * 10**6),
    ],
)
def test_timestamps_become_microseconds_utc(
    unit: TimestampUnit, value: Any, expected_us: int
) -> None:
    assert timestamp_parser(unit)(value) == expected_us


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("s", "yesterday"),
        ("s", -1),
        ("s", "1_714_566_600"),
        ("s", math.nan),
        ("s", "inf"),
        ("s", True),
        ("s", [1]),
        ("s", 1_714_566_600_000),  # milliseconds, configured as seconds: the year 56,000
        ("s", 10**400),
        ("iso8601", 1_714_566_600),
        ("iso8601", "2024-13-01"),
        ("iso8601", "1969-12-31T23:59:59Z"),
    ],
)
def test_other_timestamps_are_rejected(unit: TimestampUnit, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        timestamp_parser(unit)(value)
    assert caught.value.reason is RejectReason.BAD_TIMESTAMP


@pytest.mark.parametrize("unit", ["s", "iso8601"])
def test_an_empty_timestamp_is_a_missing_field(unit: TimestampUnit) -> None:
    with pytest.raises(FieldError) as caught:
        timestamp_parser(unit)("")
    assert caught.value.reason is RejectReason.MISSING_FIELD


@pytest.mark.parametrize(
    "convert",
    [
        lambda value: to_id(value, "x"),
        lambda value: to_category(value, "x"),
        lambda value: to_number(value, "x"),
        timestamp_parser("s"),
        timestamp_parser("iso8601"),
    ],
)
@given(
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
)
def test_any_value_is_converted_or_rejected(convert: Callable[[Any], Any], value: Any) -> None:
    with suppress(FieldError):
        assert isinstance(convert(value), str | float | int)


def test_numbers_are_finite_float32() -> None:
    assert to_number("4.5", "price") == 4.5
    assert to_number(3, "price") == 3.0
    for missing in (None, "", " ", math.nan):
        assert math.isnan(to_number(missing, "price"))
    for invalid in ("free", "1_0", b"1_0", "nan", math.inf, "1e39", True, [1.0]):
        with pytest.raises(FieldError, match="price") as caught:
            to_number(invalid, "price")
        assert caught.value.reason is RejectReason.BAD_VALUE


def test_categories_are_trimmed_text() -> None:
    assert [to_category(value, "x") for value in (None, " a ", 3, 3.0, 2.5, True)] == [
        "",
        "a",
        "3",
        "3",
        "2.5",
        "true",
    ]
    with pytest.raises(FieldError) as caught:
        to_category(["a"], "device")
    assert caught.value.reason is RejectReason.BAD_VALUE
