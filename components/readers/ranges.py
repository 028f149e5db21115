"""Which days or spans of a path with placeholders are read: a fixed range, or a rolling window."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from components.readers.patterns import PathPattern, Unit
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

_MAX_SHOWN = 5
_FIRST_PLACE: dict[Unit, int] = {"day": date.min.toordinal(), "span": 0}


@dataclass(frozen=True)
class Interval:
    """Days or spans from `first` to `last`, both included; see `patterns.Unit`."""

    unit: Unit
    first: int
    last: int

    def __contains__(self, place: int) -> bool:
        return self.first <= place <= self.last

    @property
    def size(self) -> int:
        """How many days or spans it has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.show(self.first)} to {self.show(self.last)}"

    def show(self, place: int) -> str:
        """A day as 2024-05-01, a span as its number."""
        return str(place) if self.unit == "span" else date.fromordinal(place).isoformat()


def check_range(patterns: Sequence[PathPattern], settings: RangeSettings) -> Unit:
    """Checks a range against the paths that it limits.

    Returns:
      What the range counts.

    Raises:
      InputError: Names the key that makes no sense.
    """
    units = {pattern.unit for pattern in patterns if pattern.unit is not None}
    if not units:
        raise InputError(
            "range: needs {YYYY}, {MM} and {DD}, or {SPAN}, in the path that it limits"
        )
    if len(units) > 1:
        raise InputError("range: counts either days or spans, and the paths have both")
    unit = units.pop()
    begin, end = (_bound(key, getattr(settings, key), unit) for key in ("begin", "end"))
    if settings.last is not None and (begin is not None or end is not None):
        raise InputError("range.last: stands alone; leave it out, or range.begin and range.end")
    if settings.last is None and begin is None and end is None:
        raise InputError("range: give last, or begin and end (one of them leaves the other open)")
    if begin is not None and end is not None and begin > end:
        raise InputError(f"range.begin: {settings.begin} is after range.end, {settings.end}")
    return unit


def interval_of(settings: RangeSettings, unit: Unit, places: Collection[int]) -> Interval:
    """The days or spans that a checked range stands for.

    Args:
      settings: The range; an open end is the oldest or the newest of `places`.
      unit: What it counts.
      places: Those that have a file, at least one.

    Raises:
      InputError: None of those that have a file is in the range.
    """
    begin, end = (_bound(key, getattr(settings, key), unit) for key in ("begin", "end"))
    found = Interval(unit, min(places), max(places))
    last = found.last if end is None else end
    if settings.last is not None:
        return Interval(unit, max(last - settings.last + 1, _FIRST_PLACE[unit]), last)
    interval = Interval(unit, found.first if begin is None else begin, last)
    if not any(place in interval for place in places):
        raise InputError(f"no file is in the range; those found are from {found}")
    return interval


def check_complete(text: str, interval: Interval, places: Collection[int]) -> None:
    """Checks that every day or span of an interval has a file.

    Args:
      text: The path, for the message.
      interval: The days or spans.
      places: Those that have a file.

    Raises:
      InputError: Some have none; names the first of them.
    """
    present = {place for place in places if place in interval}
    num_missing = interval.size - len(present)
    if not num_missing:
        return
    shown = ", ".join(map(interval.show, islice(_gaps(interval, present), _MAX_SHOWN)))
    more = ", …" if num_missing > _MAX_SHOWN else ""
    raise InputError(
        f"{text}: no file for {num_missing} of the {interval.size} {interval.unit}s from "
        f"{interval}: {shown}{more}; write them, or set range.allow_missing: true to do without"
    )


def _gaps(interval: Interval, present: set[int]) -> Iterator[int]:
    places = range(interval.first, interval.last + 1)
    return (place for place in places if place not in present)


def _bound(key: str, text: str | None, unit: Unit) -> int | None:
    if text is None:
        return None
    try:
        if unit == "day":
            return date.fromisoformat(text).toordinal()
        if text.isascii() and text.isdigit():
            return int(text)
    except ValueError:
        pass
    expected = "a date as 2024-05-01" if unit == "day" else "a number, as the path has {SPAN}"
    raise InputError(f"range.{key}: {text!r}, expected {expected}")
