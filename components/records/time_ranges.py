"""The range of each column of times, and the check that its times are plausible."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from components.records.time_looks import LOOK_OF_NAME, is_origin_distant, look_masks

# The unit of times that the source itself states (dates and times of Parquet, ISO 8601). A program
# that took seconds for nanoseconds wrote them in 1970.
STATED = "stated"
_US_PER_UNIT = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3, STATED: 1e-3}
# Smallest share of the numbers of a column with a look from which the column is said to have it.
_MIN_SHARE = 0.9
# Smallest share and number of the numbers of a column from which they are said to be in another
# unit than the rest.
_MIN_MIXED_SHARE, _MIN_MIXED = 0.01, 10

# A source and a column, e.g. ("interactions", "time_us").
TimeKey = tuple[str, str]


@dataclass
class TimeRange:
    """The range of the numbers of a column of times, and how many of them have each look.

    Attributes:
      unit: The configured unit, or `STATED`.
      count: Number of times.
      low: The smallest number, in the unit.
      high: The largest number, in the unit.
      looks: (count, smallest, largest) of the numbers with each look, by its name.
    """

    unit: str
    count: int = 0
    low: float = np.inf
    high: float = -np.inf
    looks: dict[str, tuple[int, float, float]] = field(default_factory=dict)

    def merge(self, other: "TimeRange") -> None:
        """Adds the numbers of `other`."""
        self.count += other.count
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        for name, (count, low, high) in other.looks.items():
            mine = self.looks.get(name, (0, np.inf, -np.inf))
            self.looks[name] = (mine[0] + count, min(mine[1], low), max(mine[2], high))


def time_range(times_us: npt.NDArray[np.int64], unit: str) -> TimeRange | None:
    """Returns the range of a column; None without times.

    Args:
      times_us: [num_rows] valid times, microseconds since the epoch, UTC.
      unit: The configured unit, or `STATED`.
    """
    if not len(times_us):
        return None
    factor = _US_PER_UNIT[unit]
    low, high = float(times_us.min()) / factor, float(times_us.max()) / factor
    found = TimeRange(unit, len(times_us), low, high)
    expected = LOOK_OF_NAME.get("ns" if unit == STATED else unit)
    if expected and low >= expected.low and high <= expected.high:
        found.looks[expected.name] = (found.count, low, high)
        return found
    numbers = times_us / factor
    for name, has_look in look_masks(numbers):
        with_look = numbers[has_look]
        found.looks[name] = (len(with_look), float(with_look.min()), float(with_look.max()))
    return found


class TimeRanges(dict[TimeKey, TimeRange]):
    """The range of each column of times by source and column."""

    def merge(self, other: Mapping[TimeKey, TimeRange]) -> None:
        """Adds the ranges of `other`."""
        for key, times in other.items():
            self.setdefault(key, TimeRange(times.unit)).merge(times)

    def to_rows(self) -> list[list[Any]]:
        """Returns JSON values: [source, column, and the attributes of `TimeRange`]."""
        return [[*key, *vars(times).values()] for key, times in sorted(self.items())]


def implausible_times(rows: Iterable[list[Any]], keys: Mapping[TimeKey, str]) -> list[str]:
    """Returns a message for each column whose numbers look like times in another unit.

    Args:
      rows: `TimeRanges.to_rows`.
      keys: The configuration keys of the columns that are checked, e.g. `items.features.released`.
    """
    problems = []
    for source, column, *attributes in rows:
        key = keys.get((source, column))
        look = None if key is None else _look(TimeRange(*attributes))
        if key is not None and look is not None:
            problems.append(_message(key, TimeRange(*attributes), look))
        elif key is not None and (mixed := _other_unit(TimeRange(*attributes))):
            problems.append(_mixed_message(key, TimeRange(*attributes), mixed))
    return problems


def _look(times: TimeRange) -> str | None:
    """Returns the name of the look of a column if it is not its unit."""
    by_count = sorted(times.looks.items(), key=lambda entry: -entry[1][0])
    for name, (count, low, high) in by_count:
        if count < _MIN_SHARE * times.count:
            break
        if name == ("ns" if times.unit == STATED else times.unit):
            return None
        is_unit = LOOK_OF_NAME[name].setting.startswith("timestamp_unit")
        if (times.unit != STATED or is_unit) and is_origin_distant(LOOK_OF_NAME[name], low, high):
            return name
    return None


def _other_unit(times: TimeRange) -> str | None:
    """Returns the unit of a part of the numbers if the others are in the configured unit."""
    if times.unit not in times.looks:
        return None
    fewest = max(_MIN_MIXED, _MIN_MIXED_SHARE * times.count)
    counts = {name: found[0] for name, found in times.looks.items() if name in _US_PER_UNIT}
    return next((name for name in counts if name != times.unit and counts[name] >= fewest), None)


def _mixed_message(key: str, times: TimeRange, name: str) -> str:
    look = LOOK_OF_NAME[name]
    count, low, high = times.looks[name]
    return (
        f"{key}: {times.looks[times.unit][0]:,} of {times.count:,} numbers are times in "
        f"{times.unit}, but {count:,}, from {low:.17g} to {high:.17g}, look like {look.text} "
        f"({look.time(low)} to {look.time(high)}): write all of them in one unit"
    )


def _message(key: str, times: TimeRange, name: str) -> str:
    look = LOOK_OF_NAME[name]
    _, low, high = times.looks[name]
    meant = f"{look.time(low)} to {look.time(high)}"
    factor = _US_PER_UNIT[times.unit]
    read = " to ".join(_iso8601(number * factor) for number in (low, high))
    if times.unit == STATED:
        return (
            f"{key}: the times are {read}, as if numbers in {name} had been taken for nanoseconds "
            f"({meant} is probably meant): write them again with the right unit "
            f'(pandas.to_datetime(…, unit="{name}"))'
        )
    section = key.split(".")[0] if ".features." not in key else key
    return (
        f"{key}: the numbers, from {low:.17g} to {high:.17g}, are read in unit {times.unit} as "
        f"{read}, but each looks like {look.text} ({meant}): {look.remedy(section + '.')}"
    )


def _iso8601(time_us: float) -> str:
    return str(np.datetime64(int(time_us), "us")).removesuffix(".000000")
