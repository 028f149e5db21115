"""What the values of a column are: missing, lists, numbers, times, texts."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.records.column_values import convert_categories, convert_numbers
from components.records.decimal_comma import number_converter, time_converter
from components.records.list_text import ListForm, form_of
from components.records.null_words import as_arrow_texts, blank_null_words, null_words
from components.records.timestamps import convert_timestamps
from pipeline.init.time_reading import TimeReading, find_reading
from schemas.source_settings import SourceSettings

_NUM_FORMS = 1_000
_LIST_SHARE = 0.9


@dataclass(frozen=True)
class Column:
    """The values of a column in the first records of a source.

    Attributes:
      name: The name, or the dotted path.
      values: [num_records] raw values.
      texts: [num_records] the values as trimmed texts, "" if missing or a list.
      lists: The values that are lists, in the order of the records.
      source: The settings of the source.
    """

    name: str
    values: list[Any]
    texts: pa.StringArray
    lists: list[list[Any]]
    source: SourceSettings

    @cached_property
    def is_present(self) -> npt.NDArray[np.bool_]:
        """[num_records] whether a value is neither missing nor a list."""
        return pc.not_equal(self.texts, "").to_numpy(zero_copy_only=False)

    @cached_property
    def present(self) -> pa.StringArray:
        """[num_present] the texts that are not missing."""
        return self.texts.filter(pa.array(self.is_present))

    @property
    def num_present(self) -> int:
        """The number of values that are neither missing nor a list."""
        return len(self.present)

    @property
    def presence(self) -> float:
        """The share of the records with a value."""
        return self.num_present / max(len(self.values), 1)

    @cached_property
    def distinct(self) -> pa.StringArray:
        """[num_distinct] the different texts, in the order of their first occurrence."""
        return pc.unique(self.present)

    @property
    def num_distinct(self) -> int:
        """The number of different texts."""
        return len(self.distinct)

    @property
    def uniqueness(self) -> float:
        """The share of different texts in the texts."""
        return self.num_distinct / max(self.num_present, 1)

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of records of each text, the most frequent first."""
        found = pc.value_counts(self.present)
        pairs = zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    @property
    def is_list(self) -> bool:
        """Whether most values are lists."""
        return len(self.lists) > self.num_present

    @cached_property
    def is_literal_list(self) -> bool:
        """Whether the texts are lists of JSON or Python."""
        texts = self.distinct[:_NUM_FORMS].to_pylist()
        literal = sum(form_of(text) is ListForm.LITERAL for text in texts)
        return bool(texts) and literal >= _LIST_SHARE * len(texts)

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """[num_numbers] the values that are finite numbers, the others left out."""
        if any(isinstance(value, bool) for value in self.values[:_NUM_FORMS]):
            return np.zeros(0)
        convert = number_converter(
            lambda values: convert_numbers(values, self.name), self.name, self.source
        )
        converted = convert(self._without_null_words(is_number=True))
        numbers = converted.values.to_numpy(zero_copy_only=False).astype(np.float64)
        return numbers[np.isfinite(numbers)]

    @cached_property
    def num_not_numbers(self) -> int:
        """The number of values that are not numbers, without the words for a missing number."""
        blanked = self._without_null_words(is_number=True)
        texts = convert_categories(blanked, self.name).values
        return int(pc.sum(pc.not_equal(texts, "")).as_py() or 0) - len(self.numbers)

    @property
    def number_share(self) -> float:
        """The share of the values that are numbers."""
        total = len(self.numbers) + self.num_not_numbers
        return len(self.numbers) / total if total else 0.0

    @cached_property
    def is_whole(self) -> bool:
        """Whether all numbers are integers."""
        return bool(len(self.numbers)) and bool((self.numbers == np.floor(self.numbers)).all())

    @cached_property
    def time(self) -> TimeReading | None:
        """How the values are read as times; None if they are no times."""
        if self.is_list:
            return None
        texts = self.distinct
        if self.source.csv.decimal == ",":
            texts = pc.replace_substring_regex(texts, r"^(-?\d+),(\d+)$", r"\1.\2")
        return find_reading(self.name, self.values, texts)

    def times_us(self, reading: TimeReading) -> npt.NDArray[np.float64]:
        """Returns [num_records] times, microseconds since the epoch, UTC; NaN if invalid.

        Args:
          reading: How the values are read.
        """
        convert = time_converter(
            lambda values: convert_timestamps(
                values, reading.unit or "s", layout=reading.time_format
            ),
            self.source,
        )
        converted = convert(self._without_null_words(is_number=True))
        times = converted.values.to_numpy(zero_copy_only=False).astype(np.float64)
        times[list(converted.failures)] = np.nan
        return times

    def joined(self, other: "Column") -> "Column":
        """Returns the texts of two columns, such as a date and a time, joined by a space."""
        both = self.is_present & other.is_present
        texts = pc.binary_join_element_wise(self.texts, other.texts, " ")
        values = pc.if_else(pa.array(both), texts, pa.scalar(None, pa.string())).to_pylist()
        return column_of(self.name, values, self.source)

    def _without_null_words(self, is_number: bool) -> Any:
        return blank_null_words(as_arrow_texts(self.values), null_words(self.source, is_number))[0]


def column_of(name: str, values: list[Any], source: SourceSettings) -> Column:
    """Returns a column of raw values, in which words such as NULL are missing."""
    blanked, _ = blank_null_words(as_arrow_texts(values), null_words(source, is_number=False))
    texts = convert_categories(blanked, name).values
    lists = [list(value) for value in values if isinstance(value, list | tuple)]
    return Column(name, values, texts, lists, source)
