"""Tests that converting a column gives the same result as converting its values one by one."""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records import column_values as columns
from components.records import fields
from components.records.timestamps import convert_timestamps

texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["", " ", "\x1f", "\x85", "\u2003", " é ", "7", "007", "nan", "inf", "1e3", "a\nb"]
    ),
)
integers = st.integers(-(2**70), 2**70)
floats = st.floats(allow_nan=True, allow_infinity=True)
any_value = st.one_of(
    texts, integers, floats, st.none(), st.booleans(), st.binary(max_size=4), st.just([1])
)
number_texts = st.one_of(
    st.integers(-5, 2**64).map(str),
    st.floats(-1, 1e18).map(str),
    st.sampled_from(
        ["", "1_0", "+5", " 5", "0x10", "1.5e9", "-0", "٣", "1e400", "5.", ".5", "NaN", "0XF"]
    ),
)
moments = st.datetimes(datetime(1960, 1, 1), datetime(2300, 1, 1))


@st.composite
def time_texts(draw: st.DrawFn) -> str:
    """ISO 8601 texts, mostly valid: date, hour, minutes, seconds, fraction and zone optional."""
    moment = draw(moments)
    shape = draw(
        st.sampled_from(
            ["%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%d",
             "%Y-%m-%dT%H%M", "%Y-%m-%dT%H%M%S", "%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y", "%H:%M",
             "%Y-%m-%dT24:00:00", "%Y-%m-%dT%H:%M:60", "%Y-%j"]
        )
    )  # fmt: skip
    fraction = draw(st.sampled_from(["", "", ".5", ",5", ".123456789", "."]))
    zone = draw(st.sampled_from(["", "", "Z", "+02:00", "-0330", "+05", " Z", "z", "+25:00"]))
    return moment.strftime(shape) + fraction + zone


def short_lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=6)


def raw_columns(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Columns of one type, with and without missing values, and columns of several types."""
    single_type = [short_lists(st.one_of(s, st.none())) for s in strategies] + [
        short_lists(s) for s in strategies
    ]
    return st.one_of(*single_type, short_lists(any_value))


def check(
    values: Sequence[Any],
    converted: columns.ConvertedColumn,
    convert_one: Callable[[Any], Any],
    decode: bool = True,
) -> None:
    """Checks that every row has the value or the failure of its single value."""
    assert len(converted.values) == len(values)
    for row, value in enumerate(values):
        expected = value_or_error(convert_one, decoded(value) if decode else value)
        if isinstance(expected, fields.FieldError):
            failure = converted.failures[row]
            assert failure.reason == expected.reason
            # The detail of a time also states what the whole column looks like.
            assert failure.detail.startswith(expected.detail)
        else:
            assert row not in converted.failures
            actual = converted.values[row].as_py()
            assert actual == expected or (math.isnan(actual) and math.isnan(expected))


def decoded(value: Any) -> Any:
    """Returns bytes as text; other values, and invalid UTF-8, are unchanged."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def value_or_error(convert_one: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert_one(value)
    except fields.FieldError as error:
        return error


@given(raw_columns(texts, integers, st.integers(0, 100), floats, st.binary(max_size=4)))
def test_ids_and_categories(values: list[Any]) -> None:
    check(values, columns.convert_ids(values, "x"), lambda value: fields.to_id(value, "x"), False)
    check(
        values,
        columns.convert_categories(values, "x"),
        lambda value: fields.to_category(value, "x"),
    )


byte_texts = st.one_of(number_texts, time_texts(), texts).map(str.encode)


@given(raw_columns(number_texts, integers, st.integers(-5, 2**40), floats, byte_texts))
def test_numbers(values: list[Any]) -> None:
    check(values, columns.convert_numbers(values, "x"), lambda value: fields.to_number(value, "x"))


@given(
    raw_columns(number_texts, st.integers(-5, 2**64), st.floats(-1, 1e18), floats, byte_texts),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_numeric_timestamps(values: list[Any], unit: Any) -> None:
    check(values, convert_timestamps(values, unit), fields.timestamp_parser(unit))


@given(
    raw_columns(
        time_texts(),
        texts,
        byte_texts,
        moments.map(lambda m: m.replace(tzinfo=timezone.utc)),
    )
)
def test_iso8601_timestamps(values: list[Any]) -> None:
    check(values, convert_timestamps(values, "iso8601"), fields.timestamp_parser("iso8601"))


MOMENT = datetime(2024, 5, 1, 12, 30, 0, 123456)
MOMENT_US = int(MOMENT.replace(tzinfo=timezone.utc).timestamp()) * 10**6 + 123456


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([MOMENT], pa.timestamp("us")), [MOMENT_US]),
        (pa.array([MOMENT], pa.timestamp("ns")), [MOMENT_US]),
        (pa.array([MOMENT], pa.timestamp("us", tz="Europe/Paris")), [MOMENT_US]),
        (pa.array([MOMENT], pa.timestamp("s")), [MOMENT_US // 10**6 * 10**6]),
        (pa.array([date(1970, 1, 3)]), [2 * 86_400 * 10**6]),
        (pa.array([date(1970, 1, 3)], pa.date64()), [2 * 86_400 * 10**6]),
        (pa.array([7], pa.uint64()), [7 * 10**6]),
        (pa.array([7.25]), [7_250_000]),
        (pa.array(["7"]).dictionary_encode(), [7 * 10**6]),
        (pa.array(["7"], pa.large_string()), [7 * 10**6]),
        (pa.array([b"7"]), [7 * 10**6]),
    ],
)
def test_timestamps_in_arrow_arrays(array: pa.Array, expected: list[int]) -> None:
    converted = convert_timestamps(array, "s")
    assert converted.values.to_pylist() == expected
    assert not converted.failures


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_only_times_outside_the_range_of_datetime_are_rejected(unit: str) -> None:
    far = pa.array([1_700_000_000, 18_448_444_073_709, 9_000_000_000_000_000], pa.int64())
    converted = convert_timestamps(far.cast(pa.timestamp(unit)), "s")
    assert sorted(converted.failures) == ([1, 2] if unit == "s" else [2])
    reasons = {failure.reason.value for failure in converted.failures.values()}
    assert reasons == {"bad_timestamp"}


def test_failures_in_arrow_arrays_are_reported_by_row() -> None:
    moments_with_gap = pa.array([MOMENT, None], pa.timestamp("us"))
    assert list(convert_timestamps(moments_with_gap, "s").failures) == [1]
    before = pa.array([MOMENT, datetime(1960, 1, 1) + timedelta(0)], pa.timestamp("us"))
    assert list(convert_timestamps(before, "iso8601").failures) == [1]
    converted = columns.convert_ids(pa.array([1.0, 2.5, None]), "user_id")
    assert (converted.values[0].as_py(), list(converted.failures)) == ("1", [1, 2])
    assert list(columns.convert_ids(pa.array([b"a", b"\xff"]), "user_id").failures) == [1]
