"""Tests of columns of times: formats, what other values look like, and implausible numbers."""

import json
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records.time_ranges import TimeRanges, implausible_times
from components.records.timestamps import convert_timestamps
from schemas.events import RejectReason

APRIL_S = 1_396_310_400  # 2014-04-01T00:00:00Z
KEY = "interactions.fields.timestamp"


def problem(values: Any, unit: Any, key: str = KEY) -> str:
    """Returns the message about a column, of which each half is a batch; "" without one."""
    ranges = TimeRanges()
    for part in (values[: len(values) // 2], values[len(values) // 2 :]):
        times = convert_timestamps(part, unit).times
        if times is not None:
            ranges.merge({("log", "time"): times})
    rows = json.loads(json.dumps(ranges.to_rows()))
    return "; ".join(implausible_times(rows, {("log", "time"): key}))


def from_april(*factors: float) -> list[Any]:
    return [int(APRIL_S * factors[0]) + int(n * 86_400 * factors[0]) for n in range(4)]


@pytest.mark.parametrize(
    ("values", "unit", "parts"),
    [
        ([20140401, 20140402, 20140630], "s", ["YYYYMMDD", '.timestamp_format: "%Y%m%d"']),
        (["20140401", "20140402"], "s", ["YYYYMMDD (2014-04-01 to 2014-04-02)"]),
        ([20140401.0, 20140402.0], "ms", ["YYYYMMDD", "unit ms"]),
        ([201404011030, 201404021030], "s", ["YYYYMMDDhhmm", '"%Y%m%d%H%M"']),
        ([20140401103000, 20140402103000], "ms", ["YYYYMMDDhhmmss", '"%Y%m%d%H%M%S"']),
        ([1995, 1999], "s", ["a year", '"%Y"']),
        (["201411", "201412", "201501"], "s", ["a month YYYYMM", '"%Y%m"']),
        ([16161, 16162], "s", ["days since 1970", "ISO 8601"]),
        ([41730.5, 41731], "s", ["a spreadsheet", "2014-04-01T12:00:00Z"]),
        (from_april(1), "ms", ["in seconds", "interactions.timestamp_unit: s"]),
        (from_april(1), "us", ["in seconds", "interactions.timestamp_unit: s"]),
        (from_april(1), "ns", ["in seconds", "interactions.timestamp_unit: s"]),
        (from_april(1e3), "us", ["in milliseconds", "interactions.timestamp_unit: ms"]),
        (from_april(1e3), "ns", ["in milliseconds", "interactions.timestamp_unit: ms"]),
        (from_april(1e6), "ns", ["in microseconds", "interactions.timestamp_unit: us"]),
        (pa.array([APRIL_S, APRIL_S + 9], pa.timestamp("ns")), "s", ["taken for nanoseconds"]),
        (["1970-01-01T00:23:16.310400"] * 2, "iso8601", ["numbers in ms had been taken"]),
    ],
)
def test_implausible_numbers_name_the_setting(values: Any, unit: Any, parts: list[str]) -> None:
    message = problem(values, unit)
    assert message.startswith(f"{KEY}: ")
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (from_april(1), "s"),
        (from_april(1e3), "ms"),
        (from_april(1e9), "ns"),
        (list(range(1, 100_000, 7)), "s"),
        (list(range(1, 3_000)), "s"),
        ([20140401, 20149999, 20140000], "s"),
        ([0, 0, 0, APRIL_S, APRIL_S], "s"),
        ([0, 0], "s"),
        (["2014-04-01", "1969-01-01"], "iso8601"),
        ([], "s"),
    ],
)
def test_plausible_numbers_and_counters_have_no_message(values: Any, unit: Any) -> None:
    assert problem(values, unit) == ""


@pytest.mark.parametrize(("number", "mixed"), [(9, False), (10, True), (500, True), (990, True)])
def test_a_second_unit_in_a_column_is_an_error(number: int, mixed: bool) -> None:
    values = [APRIL_S + n for n in range(number)] + [
        (APRIL_S + n) * 1000 for n in range(1000 - number)
    ]
    message = problem(values, "ms")
    assert bool(message) == mixed
    if 100 < number < 900:
        assert "look like a time in seconds (2014-04-01T00:00:00Z" in message
        assert message.endswith("write all of them in one unit")


def test_the_setting_of_a_feature_is_its_own() -> None:
    message = problem([1995, 1999], "s", "items.features.released")
    assert 'set items.features.released.timestamp_format: "%Y"' in message
    assert "set items.timestamp_unit: s" in problem(
        from_april(1), "ms", "items.fields.available_at"
    )


@given(st.integers(APRIL_S, 4 * 10**9), st.sampled_from(["s", "ms", "us", "ns"]))
def test_every_unit_is_recognised_in_every_other(seconds: int, unit: str) -> None:
    units: dict[Any, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
    values = [seconds * units[unit]] * 3
    for configured in units:
        converted = convert_timestamps(values, configured)
        message = problem(values, configured) or "".join(
            failure.detail for failure in converted.failures.values()
        )
        assert (f"timestamp_unit: {unit}" in message) == (configured != unit)


@pytest.mark.parametrize(
    ("values", "end"),
    [
        (["Tue Apr 03 18:00:09 +0000 2012"], ': set timestamp_format: "twitter"'),
        (["01-Jan-1995"], '1995-01-01: set timestamp_format: "%d-%b-%Y"'),
        (["2014-04-01 10:00"], "set timestamp_unit: iso8601"),
        (["2014-04-01 10:00:00 UTC"], "set timestamp_unit: iso8601"),
        (["2014-04-01 10:00", "2014-4-1 9:00"], 'set timestamp_format: "%Y-%m-%d %H:%M"'),
        (["20140401103000"], '; it looks like a time YYYYMMDDhhmmss (2014-04-01T10:30:00): '
         'set timestamp_format: "%Y%m%d%H%M%S"'),
        ([str(APRIL_S * 1000)], "(2014-04-01T00:00:00Z): set timestamp_unit: ms"),
        (
            ["12/1/2010 8:26"],
            '2010-12-01T08:26:00 by "%m/%d/%Y %H:%M" or 2010-01-12T08:26:00 by "%d/%m/%Y %H:%M": '
            "the order of its parts is unknown, so set timestamp_format to one",
        ),
        (["5/5/2010"], '2010-05-05 by "%m/%d/%Y" or 2010-05-05 by "%d/%m/%Y": the order of its '
         "parts is unknown, so set timestamp_format to one"),
        # A day above 12 decides for all.
        (["1/12/2010", "13/12/2010"], '2010-12-01: set timestamp_format: "%d/%m/%Y"'),
        (["yesterday"], "expected a number in s"),
    ],
)  # fmt: skip
def test_rejected_texts_say_what_they_look_like(values: list[str], end: str) -> None:
    failures = convert_timestamps(values, "s").failures
    assert failures[0].reason is RejectReason.BAD_TIMESTAMP
    assert failures[0].detail.endswith(end)


@pytest.mark.parametrize(
    ("values", "layout", "expected"),
    [
        ([20140401, None], "%Y%m%d", [APRIL_S, "missing_field"]),
        ([20140401.0, float("nan")], "%Y%m%d", [APRIL_S, "missing_field"]),
        (
            ["20140401.0", "20140401.00", "20140401.5"],
            "%Y%m%d",
            [APRIL_S, APRIL_S, "bad_timestamp"],
        ),
        ([" 20140401 ", "", "2014"], "%Y%m%d", [APRIL_S, "missing_field", "bad_timestamp"]),
        ([b"01/04/2014", "1/4/2014"], "%d/%m/%Y", [APRIL_S, APRIL_S]),
        ([datetime(2014, 4, 1), "01/04/2014"], "%d/%m/%Y", [APRIL_S, APRIL_S]),
        (pa.array([datetime(2014, 4, 1)]), "%d/%m/%Y", [APRIL_S]),
        (["01/04/1960", True, [1]], "%d/%m/%Y", ["bad_timestamp"] * 3),
    ],
)
def test_formats_apply_to_every_type(values: Any, layout: str, expected: list[Any]) -> None:
    converted = convert_timestamps(values, "s", layout=layout)
    found = [
        converted.failures[row].reason.value if row in converted.failures else time_us // 10**6
        for row, time_us in enumerate(converted.values.to_pylist())
    ]
    assert found == expected


def test_nanoseconds_are_exact() -> None:
    moment = datetime(2014, 4, 1, 1, 2, 3, 456_789, tzinfo=timezone.utc)
    number = (int(moment.timestamp()) * 10**6 + 456_789) * 1000 + 999
    for values in ([number], [str(number)], [number, 0.5], np.array([number]).tolist()):
        converted = convert_timestamps(values, "ns")
        assert converted.values[0].as_py() == number // 1000
