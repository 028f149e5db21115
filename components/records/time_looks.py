"""What the values of a column of times look like, where they are not what the settings state.

A look is a way to read a number (a unit, or digits of a date) or a text (a format) as a time
between 1980 and 2100. Messages state the look, the time that results, and the key that selects it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from itertools import islice, product

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.fields import is_iso8601
from components.records.time_formats import NAMED_FORMATS, TimeFormat, time_format

_FIRST_S, _LAST_S = 315_532_800, 4_102_444_800  # The years 1980 and 2100.
_DAY_S = 86_400
# Day 0 of spreadsheets is 30 December 1899.
_SPREADSHEET_EPOCH_DAYS = 25_569
# Values of one column are in this ratio at most where they are counted from a distant origin; a
# counter that starts near 0 has a larger one.
_LARGEST_RATIO = 1.3
_MAX_TEXTS = 200
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Look:
    """A way to read numbers as times between 1980 and 2100.

    Attributes:
      name: Its name in a `NumberRange`.
      text: What a number is, for a message.
      setting: The setting that selects this way; "" if the column has to be converted.
      low: The smallest number.
      high: The largest number.
      digits: The format of the number's digits; "" where the number counts from an origin.
      unit_s: Seconds in a unit of the number.
      origin: The number at the start of 1970.
      is_narrow: Whether a counter could have such numbers, so that their ratio is considered.
    """

    name: str
    text: str
    setting: str
    low: float
    high: float
    digits: str = ""
    unit_s: float = 1.0
    origin: float = 0.0
    is_narrow: bool = False

    def remedy(self, section: str = "") -> str:
        """Returns what to do in a section of the configuration, for a message."""
        if self.setting:
            return f"set {section}{self.setting}"
        return f"write the column as ISO 8601, and set {section}timestamp_unit: iso8601"

    def time(self, number: float) -> str:
        """Returns a number, read this way, as ISO 8601 in UTC."""
        if self.digits:
            times_us, _ = time_format(self.digits).parse(pa.array([str(int(number))]))
            return _iso8601(times_us[0])
        seconds = (number - self.origin) * self.unit_s
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unit(name: str, text: str, unit_s: float) -> Look:
    return Look(
        name, text, f"timestamp_unit: {name}", _FIRST_S / unit_s, _LAST_S / unit_s, "", unit_s
    )


def _digits(text: str, digits: str, low: int, high: int) -> Look:
    return Look(digits, text, f'timestamp_format: "{digits}"', low, high, digits)


LOOKS = (
    _unit("s", "a time in seconds", 1.0),
    _unit("ms", "a time in milliseconds", 1e-3),
    _unit("us", "a time in microseconds", 1e-6),
    _unit("ns", "a time in nanoseconds", 1e-9),
    _digits("a date YYYYMMDD", "%Y%m%d", 19_000_101, 21_001_231),
    _digits("a time YYYYMMDDhhmm", "%Y%m%d%H%M", 190_001_010_000, 210_012_312_359),
    _digits("a time YYYYMMDDhhmmss", "%Y%m%d%H%M%S", 19_000_101_000_000, 21_001_231_235_959),
    _digits("a month YYYYMM", "%Y%m", 190_001, 210_012),
    _digits("a year", "%Y", 1900, 2100),
    Look("days", "a number of days since 1970", "", 3_653, 29_219, "", _DAY_S, 0, True),
    Look(
        "spreadsheet", "the number of a day in a spreadsheet", "", 29_221, 73_050, "", _DAY_S,
        _SPREADSHEET_EPOCH_DAYS, True,
    ),
)  # fmt: skip
LOOK_OF_NAME = {look.name: look for look in LOOKS}


def look_masks(
    numbers: npt.NDArray[np.float64],
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yields the name of each look that some numbers have, with their [num_rows] bool mask."""
    if not len(numbers):
        return
    low, high = numbers.min(), numbers.max()
    for look in LOOKS:
        if high < look.low or low > look.high:
            continue
        has_look = (numbers >= look.low) & (numbers <= look.high)
        if look.digits and has_look.any():
            has_look &= _are_digits(numbers, look.digits, has_look)
        if has_look.any():
            yield look.name, has_look


def _are_digits(
    numbers: npt.NDArray[np.float64], digits: str, is_candidate: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    whole = is_candidate & (numbers == np.floor(numbers))
    texts = np.where(whole, numbers, 0).astype(np.int64)
    _, is_time = time_format(digits).parse(pa.array(texts).cast(pa.string()))
    return whole & is_time


def is_origin_distant(look: Look, low: float, high: float) -> bool:
    """Returns whether numbers between two bounds are counted from a distant origin."""
    return not look.is_narrow or high <= low * _LARGEST_RATIO


def describe_numbers(numbers: npt.NDArray[np.float64], unit: str) -> list[str]:
    """Returns, for each number, what it looks like and what to set; "" if this is the unit.

    >>> describe_numbers(np.array([20140401.0, 1396310400000, 1396310400]), "s")[:2]
    ['; it looks like a date YYYYMMDD (2014-04-01): set timestamp_format: "%Y%m%d"', \
'; it looks like a time in milliseconds (2014-04-01T00:00:00Z): set timestamp_unit: ms']
    >>> describe_numbers(np.array([1396310400.0]), "s")
    ['']
    """
    texts = [""] * len(numbers)
    is_described = np.zeros(len(numbers), bool)
    for name, has_look in look_masks(numbers):
        look = LOOK_OF_NAME[name]
        for row in np.flatnonzero(has_look & ~is_described).tolist():
            if name != unit:
                found = f"{look.text} ({look.time(numbers[row])})"
                texts[row] = f"; it looks like {found}: {look.remedy()}"
        is_described |= has_look
    return texts


def _iso8601(time_us: int) -> str:
    written = str(np.datetime64(int(time_us), "us"))
    return written.removesuffix(".000000").removesuffix("T00:00:00")


def describe_texts(texts: Sequence[str]) -> list[str]:
    """Returns, for each text, what it looks like and what to set; "" if this is unknown.

    The formats are those that all texts match, so that one text with a day above 12 decides the
    order of day and month for all. If there is none, they are those of the first text.

    Args:
      texts: Texts of one column that are not in the configured unit or format.
    """
    trimmed = [text.strip() for text in texts]
    distinct = list(islice((text for text in dict.fromkeys(trimmed) if text), _MAX_TEXTS))
    formats = matching_formats(distinct) or matching_formats(distinct[:1])
    # The formats accept single digits, which ISO 8601 does not.
    is_iso = all(map(is_iso8601, distinct))
    column = pa.array(trimmed, pa.string())
    readings = [(layout, *layout.parse(column)) for layout in formats]
    return [
        _proposal(
            [(layout, _iso8601(times[row])) for layout, times, valid in readings if valid[row]],
            is_iso,
        )
        for row in range(len(trimmed))
    ]


def _proposal(readings: Sequence[tuple[TimeFormat, str]], is_iso: bool) -> str:
    if not readings:
        return ""
    layout, reading = readings[0]
    if len(readings) == 1 or layout in _iso8601_formats():
        return f"; it looks like {reading}: {_setting(layout, is_iso)}"
    each = " or ".join(f'{reading} by "{layout.text}"' for layout, reading in readings)
    return f"; it is {each}: the order of its parts is unknown, so set timestamp_format to one"


def _setting(layout: TimeFormat, is_iso: bool) -> str:
    if is_iso and layout in _iso8601_formats():
        return "set timestamp_unit: iso8601"
    names = {text: name for name, text in NAMED_FORMATS.items()}
    return f'set timestamp_format: "{names.get(layout.text, layout.text)}"'


def matching_formats(texts: Sequence[str]) -> list[TimeFormat]:
    """Returns the usual formats that all of some trimmed texts match, those of ISO 8601 first."""
    formats = [*_iso8601_formats(), *_usual_formats()]
    column = pa.array(texts, pa.string())
    if not len(column) or len(texts[0]) > _MAX_SHOWN:
        return []
    # Most formats are excluded by the first text alone.
    possible = [layout for layout in formats if layout.matches(texts[0])]
    return [layout for layout in possible if layout.parse(column)[1].all()]


@cache
def _iso8601_formats() -> list[TimeFormat]:
    times = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
    zones = ("", "%z", " %z")
    texts = ["%Y-%m-%d"] + [
        f"%Y-%m-%d{between}{time}{zone}"
        for time, zone, between in product(times[1:], zones, ("T", " "))
    ]
    return [time_format(text) for text in texts]


@cache
def _usual_formats() -> list[TimeFormat]:
    dates = [
        f"{date[0]}{sign}{date[1]}{sign}{date[2]}"
        for date, sign in product(
            (("%m", "%d", "%Y"), ("%d", "%m", "%Y"), ("%m", "%d", "%y"), ("%d", "%m", "%y")), "/.-"
        )
    ]
    dates += [
        "%y/%m/%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%d %b %Y",
        "%b %d, %Y",
        "%b %d %Y",
    ]
    dates += ["%Y%m%d"]
    times = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
    texts = [f"{date}{time}" for date, time in product(dates, times)]
    texts += [*NAMED_FORMATS.values(), "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%a %b %d %H:%M:%S UTC %Y"]
    return [time_format(text) for text in texts]
