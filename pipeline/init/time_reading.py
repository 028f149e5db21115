"""How the values of a column are read as times: the unit or the format that is proposed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.fields import is_iso8601
from components.records.time_formats import NAMED_FORMATS, TimeFormat
from components.records.time_looks import LOOKS, Look, look_masks, matching_formats
from pipeline.init.words import Role, name_score
from schemas.source_settings import TimestampUnit

# Smallest share of the values that are times in the unit or format. Logs contain invalid times.
_MIN_SHARE = 0.9
_NUM_TEXTS = 5_000
# Formats are searched for in this many texts of a column, spread over it.
_NUM_PROBES = 7
_UNITS: tuple[TimestampUnit, ...] = ("s", "ms", "us", "ns")
# Days since 1970, years and similar small numbers could count anything.
_NEEDS_NAME = frozenset({"days", "spreadsheet", "%Y", "%Y%m"})


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
        return _number_reading(name, numbers, len(texts))
    return _text_reading(texts)


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def _number_reading(
    name: str, numbers: npt.NDArray[np.float64], num_texts: int
) -> TimeReading | None:
    is_named = name_score(name, Role.TIME) > 0
    finite = np.nan_to_num(numbers, nan=-1.0, posinf=-1.0, neginf=-1.0)
    masks = {look: float(mask.sum()) / num_texts for look, mask in look_masks(finite)}
    found = [look for look in LOOKS if masks.get(look.name, 0.0) >= _MIN_SHARE]
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
    best, share, times = readings[0]
    parsed = [text for text in texts if best.matches(text)]
    is_date = not any(":" in text for text in parsed)
    if all(map(is_iso8601, parsed)):
        return TimeReading("iso8601", share=share, is_date=is_date)
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


def _plausibility(found: tuple[TimeFormat, float, npt.NDArray[np.int64]]) -> tuple[float, int]:
    """Returns a key by which the most plausible format is first.

    It is the one of the most texts. If day and month can be exchanged, the wrong order distributes
    the times over a longer period.
    """
    _, share, times_us = found
    known = times_us[times_us != 0]
    return -share, int(known.max() - known.min()) if len(known) else 0


def _formats(
    texts: Sequence[str],
) -> Iterator[tuple[TimeFormat, float, npt.NDArray[np.int64]]]:
    """Yields each format of most texts, the share of the texts in it, and their times."""
    column = pa.array(texts, pa.string())
    probes = {texts[at] for at in np.linspace(0, len(texts) - 1, _NUM_PROBES).astype(int)}
    layouts = dict.fromkeys(
        layout for probe in sorted(probes) for layout in matching_formats([probe])
    )
    for layout in layouts:
        times_us, is_valid = layout.parse(column)
        if is_valid.mean() >= _MIN_SHARE:
            yield layout, float(is_valid.mean()), np.where(is_valid, times_us, 0)
