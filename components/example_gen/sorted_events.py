"""Events of some users, sorted so that each user's stand together in time and log order."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import TIME_US
from components.records.arrow_rows import PLACE, read_stream, to_bytes
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import USER_ID


@dataclass(frozen=True)
class SortedEvents:
    """Events by user, then time, then place in the log.

    Attributes:
      table: `event_table.events_schema`; its texts are dictionaries.
      user: [num_events] int64, ascending: index of the user among `user_ids`.
      user_ids: [num_users], sorted: the users that have events.
    """

    table: pa.Table
    user: np.ndarray
    user_ids: pa.StringArray

    def __len__(self) -> int:
        return self.table.num_rows

    @cached_property
    def starts(self) -> np.ndarray:
        """[num_users + 1] int64: where each user's events begin, and the end of the last."""
        return np.searchsorted(self.user, np.arange(len(self.user_ids) + 1))

    @cached_property
    def time_us(self) -> np.ndarray:
        """[num_events] int64 microseconds since the epoch, UTC."""
        return self._column(TIME_US).to_numpy()

    @property
    def time_s(self) -> np.ndarray:
        """[num_events] int64 seconds since the epoch, UTC: what examples hold."""
        return self.time_us // MICROSECONDS_PER_SECOND

    @cached_property
    def place(self) -> np.ndarray:
        """[num_events] int64: `event_table.places`."""
        return self._column(PLACE).to_numpy()

    def numbers(self, name: str) -> np.ndarray:
        """[num_events] float64: a column of numbers."""
        return self._column(name).to_numpy()

    def codes(self, name: str) -> np.ndarray:
        """[num_events] int64: a column of texts, as indices into `texts`."""
        return self._column(name).indices.to_numpy().astype(np.int64)

    def texts(self, name: str) -> pa.StringArray:
        """The distinct texts of a column, and possibly some that no event has any longer."""
        return self._column(name).dictionary

    def present_texts(self, name: str) -> pa.StringArray:
        """The distinct texts that events have."""
        return self.texts(name).take(pa.array(np.unique(self.codes(name))))

    def where(self, is_kept: np.ndarray) -> "SortedEvents":
        """The events at which `is_kept`, [num_events] bool, is true."""
        if is_kept.all():
            return self
        return SortedEvents.of_sorted(self.table.filter(pa.array(is_kept)).combine_chunks())

    @classmethod
    def of_sorted(cls, table: pa.Table) -> "SortedEvents":
        """From a table that is sorted already, its texts dictionaries in one piece each."""
        users = _piece(table.column(USER_ID))
        codes = users.indices.to_numpy()
        is_first = np.append(True, np.diff(codes) != 0)[: len(codes)]
        user_ids = users.dictionary.take(pa.array(codes[is_first]))
        return cls(table, np.cumsum(is_first) - 1, user_ids)

    def to_bytes(self) -> bytes:
        """The events for a later step."""
        return to_bytes(self.table)

    @classmethod
    def from_bytes(cls, stream: bytes) -> "SortedEvents":
        """What `to_bytes` wrote."""
        return cls.of_sorted(read_stream(stream))

    def _column(self, name: str) -> pa.Array:
        return _piece(self.table.column(name))


def sort_events(table: pa.Table) -> SortedEvents:
    """Sorts events, whose columns are in one piece each, and collects their texts."""
    columns = [_encoded(column) for column in table.columns]
    table = pa.Table.from_arrays(columns, names=table.column_names)
    user = _rank(_piece(table.column(USER_ID)))
    time_us, place = (table.column(name).to_numpy() for name in (TIME_US, PLACE))
    order = np.lexsort((*_tie_breakers(table, place), time_us, user))
    return SortedEvents.of_sorted(table.take(pa.array(order)).combine_chunks())


def _tie_breakers(table: pa.Table, place: np.ndarray) -> list[np.ndarray]:
    """Log order; rows of a query have none, and events of one time go by all that they hold."""
    if place.any():
        return [place]
    others = [name for name in table.column_names if name not in (USER_ID, TIME_US, PLACE)]
    return [_order_of(_piece(table.column(name))) for name in reversed(others)]


def _order_of(column: pa.Array) -> np.ndarray:
    """[n]: what sorts as the column does."""
    return _rank(column) if pa.types.is_dictionary(column.type) else column.to_numpy()


def _rank(column: pa.DictionaryArray) -> np.ndarray:
    """[n] int64: the place of each text among the distinct ones in alphabetical order."""
    alphabetical = pc.sort_indices(column.dictionary).to_numpy()
    rank = np.empty(len(alphabetical), np.int64)
    rank[alphabetical] = np.arange(len(alphabetical))
    return rank[column.indices.to_numpy()]


def _piece(column: pa.ChunkedArray) -> pa.Array:
    """The array of a column that is in one piece."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column
