"""How the values of a column are read as times: the unit or the format that is proposed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.fields import is_iso8601
from components.records.time_formats import NAMED_FORMATS, TimeFormat, time_format
from components.records.time_looks import LOOKS, Look, look_masks, matching_formats
from pipeline.init.words import Role, name_score
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.source_settings import TimestampUnit

# A format, the share of some texts in it, and their times in microseconds since the epoch, UTC.
_FormatTimes = tuple[TimeFormat, float, npt.NDArray[np.int64]]

# Smallest share of the values that are times in the unit or format. Logs contain invalid times.
_MIN_SHARE = 0.9
_NUM_TEXTS = 5_000
# Formats are searched for in this many texts of a column, spread over it.
_NUM_PROBES = 7
_UNITS: tuple[TimestampUnit, ...] = ("s", "ms", "us", "ns")
# Days since 1970, years and similar small numbers could count anything.
_NEEDS_NAME = frozenset({"days", "spreadsheet", "%Y", "%Y%m"})
# Formats of digits, by their number, that only a column with the name of a time has.
_NAMED_DIGITS = {6: ("%y%m%d", "%d%m%y", "%m%d%y"), 8: ("%d%m%Y", "%m%d%Y"), 10: ("%Y%m%d%H",)}
_FIRST_S, _LAST_S = 315_532_800, 4_102_444_800  # The years 1980 and 2100.
# Counts that no setting reads: what they are, in a second, and seconds from their origin to 1970.
_COUNTS = (
    ("a count of 100 nanoseconds since the year 1 (.NET ticks)", 1e7, 62_135_596_800),
    ("a count of 100 nanoseconds since 1601 (Windows file time)", 1e7, 11_644_473_600),
    ("a count of microseconds since 1601 (WebKit time)", 1e6, 11_644_473_600),
)


@dataclass(frozen=True)
class TimeReading:
    """How values are read as times.

    Attributes:
      unit: The unit of numbers, or `iso8601`; None with a format, and for dates and times of
        Parquet and Avro.
      time_format: The format of texts or of digits; None with a unit.
      share: The share of the different values that are such times.
      alternatives: Other formats that the values have, too, with other times: day and month could
        be exchanged.
      conversion: What the numbers count, if no setting reads them; "" otherwise.
      is_counter: Whether the numbers count something, such as the events of a user.
      is_date: Whether the values have no time of day.
    """

    unit: TimestampUnit | None = None
    time_format: str | None = None
    share: float = 1.0
    alternatives: tuple[str, ...] = ()
    conversion: str = ""
    is_counter: bool = False
    is_date: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The keys of the configuration that select this reading."""
        if self.time_format is not None:
            return {"timestamp_format": self.time_format}
        return {} if self.unit in (None, "s") else {"timestamp_unit": str(self.unit)}

    @property
    def description(self) -> str:
        """The reading in a few words."""
        if self.time_format is not None:
            return f"format {self.time_format}"
        if self.is_counter:
            return "a counter, not a time"
        return f"unit {self.unit}" if self.unit else "dates or times of the file"


def find_reading(name: str, values: Sequence[Any], distinct: pa.StringArray) -> TimeReading | None:
    """Returns how the values of a column are read as times; None if they are no times.

    Args:
      name: The name of the column. Small numbers are times only if the name says so.
      values: [num_records] raw values.
      distinct: The different values as texts, without missing ones.
    """
    if any(isinstance(value, date) for value in values):
        return TimeReading()
    if not len(distinct):
        return None
    step = max(len(distinct) // _NUM_TEXTS, 1)
    texts = distinct.take(pa.array(np.arange(0, len(distinct), step))).to_pylist()
    numbers = np.array([number for text in texts if (number := _number(text)) is not None])
    if len(numbers) >= _MIN_SHARE * len(texts):
        return _number_reading(name, numbers, texts)
    return _text_reading(texts)


def _digit_reading(texts: Sequence[str]) -> TimeReading | None:
    """Returns the reading of the digits of a date in an unusual order; None for other numbers."""
    width = max(len(text) for text in texts)
    if readings := _in_digits(texts, width):
        return _format_reading(readings, is_date="%H" not in readings[0][0].text)
    if _in_digits([text.zfill(width) for text in texts], width):
        return TimeReading(conversion="the digits of a date without a leading zero")
    return None


def _in_digits(texts: Sequence[str], width: int) -> list[_FormatTimes]:
    """Returns the formats of some number of digits that most texts have, the plausible one first.

    All times are between 1980 and 2100.
    """
    formats = [time_format(text) for text in _NAMED_DIGITS.get(width, ())]
    found = []
    for layout, share, times_us in _in_formats(texts, formats):
        seconds = times_us[times_us != 0] / MICROSECONDS_PER_SECOND
        if len(seconds) and seconds.min() >= _FIRST_S and seconds.max() <= _LAST_S:
            found.append((layout, share, times_us))
    return sorted(found, key=_plausibility)


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _number_reading(
    name: str, numbers: npt.NDArray[np.float64], texts: Sequence[str]
) -> TimeReading | None:
    is_named = name_score(name, Role.TIME) > 0
    finite = np.nan_to_num(numbers, nan=-1.0, posinf=-1.0, neginf=-1.0)
    for text, per_second, origin_s in _COUNTS if is_named else ():
        seconds = finite / per_second - origin_s
        if np.mean((seconds >= _FIRST_S) & (seconds <= _LAST_S)) >= _MIN_SHARE:
            return TimeReading(conversion=text)
    digits = _digit_reading(texts) if is_named else None
    masks = {look: float(mask.sum()) / len(texts) for look, mask in look_masks(finite)}
    found = [look for look in LOOKS if masks.get(look.name, 0.0) >= _MIN_SHARE]
    # Ten digits of a date are seconds after 2032.
    if digits and [look.name for look in found] in ([], ["s"]):
        return digits
    for look in found:
        if is_named or look.name not in _NEEDS_NAME:
            return _reading_of(look, masks[look.name])
    is_count = (finite >= 0).all() and (finite == np.floor(finite)).all()
    return TimeReading("s", is_counter=True) if is_named and is_count else None


def _reading_of(look: Look, share: float) -> TimeReading:
    if look.digits:
        return TimeReading(time_format=look.digits, share=share, is_date="%H" not in look.digits)
    for unit in _UNITS:
        if look.name == unit:
            return TimeReading(unit, share=share)
    return TimeReading(share=share, conversion=look.text)


def _text_reading(texts: Sequence[str]) -> TimeReading | None:
    readings = sorted(_formats(texts), key=_plausibility)
    if not readings:
        return None
    best, share, _ = readings[0]
    parsed = [text for text in texts if best.matches(text)]
    is_date = not any(":" in text for text in parsed)
    if all(map(is_iso8601, parsed)):
        return TimeReading("iso8601", share=share, is_date=is_date)
    return _format_reading(readings, is_date)


def _format_reading(readings: Sequence[_FormatTimes], is_date: bool) -> TimeReading:
    """Returns the reading of the first of some formats, the most plausible one first."""
    best, share, times = readings[0]
    others = [
        layout.text
        for layout, other_share, other in readings[1:]
        if other_share == share and not np.array_equal(other, times)
    ]
    names = {text: name for name, text in NAMED_FORMATS.items()}
    return TimeReading(
        time_format=names.get(best.text, best.text),
        share=share,
        alternatives=tuple(others),
        is_date=is_date,
    )


def _plausibility(found: _FormatTimes) -> tuple[float, int]:
    """Returns a key by which the most plausible format is first.

    It is the one of the most texts. If day and month can be exchanged, the wrong order distributes
    the times over a longer period.
    """
    _, share, times_us = found
    known = times_us[times_us != 0]
    return -share, int(known.max() - known.min()) if len(known) else 0


def _formats(texts: Sequence[str]) -> Iterator[_FormatTimes]:
    """Returns the usual formats of most texts."""
    probes = {texts[at] for at in np.linspace(0, len(texts) - 1, _NUM_PROBES).astype(int)}
    layouts = dict.fromkeys(
        layout for probe in sorted(probes) for layout in matching_formats([probe])
    )
    return _in_formats(texts, layouts)


def _in_formats(texts: Sequence[str], layouts: Iterable[TimeFormat]) -> Iterator[_FormatTimes]:
    """Yields each format of most texts with the share of the texts in it and their times."""
    column = pa.array(texts, pa.string())
    for layout in layouts:
        times_us, is_valid = layout.parse(column)
        if is_valid.mean() >= _MIN_SHARE:
            yield layout, float(is_valid.mean()), np.where(is_valid, times_us, 0)
