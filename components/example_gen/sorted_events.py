"""Events sorted by user, then time, then position in the log."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import TIME_US
from components.records.arrow_rows import POSITION, read_stream, to_bytes
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import USER_ID


@dataclass(frozen=True)
class SortedEvents:
    """Events sorted by user, then time, then position in the log.

    Attributes:
      table: Rows of `event_table.events_schema`, with dictionary-encoded texts.
      user: [num_events] ascending indices into `user_ids`.
      user_ids: [num_users] sorted ids of the users that have events.
    """

    table: pa.Table
    user: npt.NDArray[np.int64]
    user_ids: pa.StringArray

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """The [num_users + 1] indices of the first event of each user, and `num_events`."""
        return np.searchsorted(self.user, np.arange(len(self.user_ids) + 1))

    @cached_property
    def time_us(self) -> npt.NDArray[np.int64]:
        """The [num_events] times, microseconds since the epoch, UTC."""
        return self._column(TIME_US).to_numpy()

    @property
    def time_s(self) -> npt.NDArray[np.int64]:
        """The [num_events] times as written to examples, seconds since the epoch, UTC."""
        return self.time_us // MICROSECONDS_PER_SECOND

    @cached_property
    def position(self) -> npt.NDArray[np.int64]:
        """The [num_events] positions in the log (`arrow_rows.record_positions`)."""
        return self._column(POSITION).to_numpy()

    def numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Returns a [num_events] column of numbers."""
        return self._column(name).to_numpy()

    def codes(self, name: str) -> npt.NDArray[np.int64]:
        """Returns a [num_events] column of texts as indices into `texts(name)`."""
        return self._column(name).indices.to_numpy().astype(np.int64)

    def texts(self, name: str) -> pa.StringArray:
        """Returns the distinct texts of a column, possibly including texts of removed events."""
        return self._column(name).dictionary

    def encoded_texts(self, name: str) -> pa.DictionaryArray:
        """Returns a [num_events] column of texts as indices and distinct texts."""
        return self._column(name)

    def present_texts(self, name: str) -> pa.StringArray:
        """Returns the distinct texts of a column that occur in the events."""
        return self.texts(name).take(pa.array(np.unique(self.codes(name))))

    def where(self, is_kept: npt.NDArray[np.bool_]) -> "SortedEvents":
        """Returns the events selected by a [num_events] bool mask."""
        if is_kept.all():
            return self
        return SortedEvents.of_sorted(self.table.filter(pa.array(is_kept)).combine_chunks())

    @classmethod
    def of_sorted(cls, table: pa.Table) -> "SortedEvents":
        """Constructs events from a sorted table with one dictionary-encoded chunk per text."""
        users = _single_chunk(table.column(USER_ID))
        codes = users.indices.to_numpy()
        is_first = np.append(True, np.diff(codes) != 0)[: len(codes)]
        user_ids = users.dictionary.take(pa.array(codes[is_first]))
        return cls(table, np.cumsum(is_first) - 1, user_ids)

    def to_bytes(self) -> bytes:
        """Returns the events as an Arrow IPC stream."""
        return to_bytes(self.table)

    @classmethod
    def from_bytes(cls, stream: bytes) -> "SortedEvents":
        """Returns the events that `to_bytes` serialised."""
        return cls.of_sorted(read_stream(stream))

    def _column(self, name: str) -> pa.Array:
        return _single_chunk(self.table.column(name))


def sort_events(table: pa.Table) -> SortedEvents:
    """Sorts a table of `events_schema` with one chunk per column, and encodes its texts."""
    columns = [_dictionary_encode(column) for column in table.columns]
    table = pa.Table.from_arrays(columns, names=table.column_names)
    user = _rank(_single_chunk(table.column(USER_ID)))
    time_us, position = (table.column(name).to_numpy() for name in (TIME_US, POSITION))
    order = np.lexsort((*_tie_breakers(table, position), time_us, user))
    return SortedEvents.of_sorted(table.take(pa.array(order)).combine_chunks())


def _tie_breakers(table: pa.Table, position: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
    """Returns the sort keys of events of the same user and time, for `np.lexsort`.

    The key is the position in the log. Rows of a query have no position (all are 0), so they are
    sorted by all their other columns.
    """
    if position.any():
        return [position]
    others = [name for name in table.column_names if name not in (USER_ID, TIME_US, POSITION)]
    return [_sort_key(_single_chunk(table.column(name))) for name in reversed(others)]


def _sort_key(column: pa.Array) -> npt.NDArray[Any]:
    """Returns [n] numbers in the order of the column's values."""
    return _rank(column) if pa.types.is_dictionary(column.type) else column.to_numpy()


def _rank(column: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """Returns the [n] rank of each text among the distinct texts in alphabetical order."""
    alphabetical = pc.sort_indices(column.dictionary).to_numpy()
    rank = np.empty(len(alphabetical), np.int64)
    rank[alphabetical] = np.arange(len(alphabetical))
    return rank[column.indices.to_numpy()]


def _single_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _dictionary_encode(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column
