"""The days or spans to read of a path with placeholders: a fixed range, or a rolling window."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from components.readers.patterns import PathPattern, Unit
from schemas.errors import InputError
from schemas.source_settings import RangeSettings

_MAX_SHOWN = 5
_FIRST_ORDINAL: dict[Unit, int] = {"day": date.min.toordinal(), "span": 0}


@dataclass(frozen=True)
class Interval:
    """Days or spans from `first` to `last`, both included, as ordinals (`patterns.Unit`).

    >>> interval = Interval("span", 3, 5)
    >>> 5 in interval, 6 in interval, interval.size, str(interval)
    (True, False, 3, '3 to 5')
    """

    unit: Unit
    first: int
    last: int

    def __contains__(self, ordinal: int) -> bool:
        return self.first <= ordinal <= self.last

    @property
    def size(self) -> int:
        """The number of days or spans."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.show(self.first)} to {self.show(self.last)}"

    def show(self, ordinal: int) -> str:
        """Formats a day as 2024-05-01, a span as its number."""
        return str(ordinal) if self.unit == "span" else date.fromordinal(ordinal).isoformat()


def check_range(patterns: Sequence[PathPattern], settings: RangeSettings) -> Unit:
    """Checks that a range matches the paths that it limits.

    Returns:
      The unit of the range.

    Raises:
      InputError: A key of the range is invalid; the message names it.
    """
    units = {pattern.unit for pattern in patterns if pattern.unit is not None}
    if not units:
        raise InputError(
            "range: needs {YYYY}, {MM} and {DD}, or {SPAN}, in the path that it limits"
        )
    if len(units) > 1:
        raise InputError("range: applies to either days or spans, but the paths have both")
    unit = units.pop()
    begin, end = (_bound(key, getattr(settings, key), unit) for key in ("begin", "end"))
    if settings.last is not None and (begin is not None or end is not None):
        raise InputError(
            "range.last: cannot be combined with range.begin or range.end; remove one or the other"
        )
    if settings.last is None and begin is None and end is None:
        raise InputError(
            "range: is empty; set last, or begin and end (an omitted one leaves that side open)"
        )
    if begin is not None and end is not None and begin > end:
        raise InputError(f"range.begin: {settings.begin} is after range.end, {settings.end}")
    return unit


def interval_of(settings: RangeSettings, unit: Unit, ordinals: Collection[int]) -> Interval:
    """Returns the days or spans of a checked range.

    Args:
      settings: The range; an open side ends at the oldest or the newest of `ordinals`.
      unit: The unit of the range.
      ordinals: The days or spans that have a file, at least one.

    Raises:
      InputError: None of `ordinals` is in the range.
    """
    begin, end = (_bound(key, getattr(settings, key), unit) for key in ("begin", "end"))
    existing = Interval(unit, min(ordinals), max(ordinals))
    last = existing.last if end is None else end
    if settings.last is not None:
        return Interval(unit, max(last - settings.last + 1, _FIRST_ORDINAL[unit]), last)
    interval = Interval(unit, existing.first if begin is None else begin, last)
    if not any(ordinal in interval for ordinal in ordinals):
        raise InputError(f"no file is in the range; the existing files are from {existing}")
    return interval


def check_complete(text: str, interval: Interval, ordinals: Collection[int]) -> None:
    """Checks that every day or span of an interval has a file.

    Args:
      text: The path, for the message.
      interval: The days or spans.
      ordinals: The days or spans that have a file.

    Raises:
      InputError: Some have none; the message names the first of them.
    """
    present = {ordinal for ordinal in ordinals if ordinal in interval}
    num_missing = interval.size - len(present)
    if not num_missing:
        return
    shown = ", ".join(map(interval.show, islice(_gaps(interval, present), _MAX_SHOWN)))
    more = ", …" if num_missing > _MAX_SHOWN else ""
    raise InputError(
        f"{text}: no file for {num_missing} of the {interval.size} {interval.unit}s from "
        f"{interval}: {shown}{more}; add the files, or set range.allow_missing: true"
    )


def _gaps(interval: Interval, present: set[int]) -> Iterator[int]:
    ordinals = range(interval.first, interval.last + 1)
    return (ordinal for ordinal in ordinals if ordinal not in present)


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
