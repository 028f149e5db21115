"""How the values of a column are read as times."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pipeline.init.column import column_of
from pipeline.init.time_reading import TimeReading
from schemas.source_settings import CsvSettings, SourceSettings

SOURCE = SourceSettings(path="log.csv", format="csv")
START = datetime(2014, 4, 1, tzinfo=timezone.utc)
YEARS, DAYS = list(range(1990, 2014)), list(range(16_000, 16_090))
MOMENTS = [START + timedelta(hours=5 * n) for n in range(120)]


def texts(form: str) -> list[str]:
    return [moment.strftime(form) for moment in MOMENTS]


CASES: dict[str, tuple[str, list[Any], TimeReading | None]] = {
    "seconds": ("x", [int(m.timestamp()) for m in MOMENTS], TimeReading("s")),
    "milliseconds": ("x", [str(int(m.timestamp()) * 1000) for m in MOMENTS], TimeReading("ms")),
    "some_invalid": (
        "x", [*[m.timestamp() for m in MOMENTS], *["never"] * 6], TimeReading("s", share=120 / 121)
    ),
    "dates": ("x", texts("%Y-%m-%d"), TimeReading("iso8601", is_date=True)),
    "iso8601": ("x", texts("%Y-%m-%dT%H:%M:%SZ"), TimeReading("iso8601")),
    "day_first": ("x", texts("%d/%m/%Y %H:%M"), TimeReading(time_format="%d/%m/%Y %H:%M")),
    "digits": ("x", texts("%Y%m%d"), TimeReading(time_format="%Y%m%d", is_date=True)),
    "named_format": (
        "x", texts("%a %b %d %H:%M:%S +0000 %Y"), TimeReading(time_format="twitter")
    ),
    "exchangeable": (
        "x",
        [f"0{n % 9 + 1}/05/2014" for n in range(30)],
        TimeReading(time_format="%d/%m/%Y", alternatives=("%m/%d/%Y",), is_date=True),
    ),
    "stated": ("x", MOMENTS, TimeReading()),
    "years_with_a_name": ("year", YEARS, TimeReading(time_format="%Y", is_date=True)),
    "years_without": ("x", YEARS, None),
    "days": ("day", DAYS, TimeReading(conversion="a number of days since 1970")),
    "day_first_digits": (
        "time", texts("%d%m%Y"), TimeReading(time_format="%d%m%Y", is_date=True)
    ),
    "hours_in_digits": ("time", texts("%Y%m%d%H"), TimeReading(time_format="%Y%m%d%H")),
    "digits_without_a_zero": (
        "time",
        [int(text) for text in texts("%d%m%Y")],
        TimeReading(conversion="the digits of a date without a leading zero"),
    ),
    "ids_of_eight_digits": ("user_id", texts("%d%m%Y"), None),
    "ticks": (
        "time",
        [int(m.timestamp() + 62_135_596_800) * 10**7 for m in MOMENTS],
        TimeReading(conversion="a count of 100 nanoseconds since the year 1 (.NET ticks)"),
    ),
    "months": (
        "month",
        [f"20{year:02d}{month:02d}" for year in range(1, 12) for month in range(1, 13)],
        TimeReading(time_format="%Y%m", is_date=True),
    ),
    "counter": ("time", list(range(200)), TimeReading("s", is_counter=True)),
    "ids": ("x", list(range(200)), None),
    "words": ("time", ["soon", "late", "early"], None),
    "empty": ("time", ["", None], None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_reading_of_a_column(name: str) -> None:
    column, values, expected = CASES[name]
    assert column_of(column, values, SOURCE).time == expected


def test_seconds_may_have_a_decimal_comma() -> None:
    source = SourceSettings(
        path="log.csv", format="csv", csv=CsvSettings(delimiter=";", decimal=",")
    )
    column = column_of("x", [f"{m.timestamp():.1f}".replace(".", ",") for m in MOMENTS], source)
    reading = TimeReading("s")
    assert column.time == reading
    assert column.times_us(reading).tolist() == [m.timestamp() * 10**6 for m in MOMENTS]


@pytest.mark.parametrize("name", ["seconds", "milliseconds", "iso8601", "named_format", "stated"])
def test_the_times_are_those_of_the_reading(name: str) -> None:
    column, values, reading = CASES[name]
    assert reading is not None
    times_us = column_of(column, values, SOURCE).times_us(reading)
    assert times_us.tolist() == [moment.timestamp() * 10**6 for moment in MOMENTS]
