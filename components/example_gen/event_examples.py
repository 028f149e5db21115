"""Events of users as serialised tf.Examples: windows of them, and single ones."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import context_column
from components.example_gen.sorted_events import SortedEvents
from components.example_gen.windows import Windows
from components.examples import encode
from components.examples.encode_batch import (
    Ranges,
    examples,
    features,
    grouped,
    grouped_flags,
    grouped_floats,
    int_elements,
    join,
    text_elements,
)
from schemas import features as f

# Bytes encoded at a time, about: bounds memory however many windows a user has, and however long
# the texts are.
_BYTES_PER_CHUNK = 16 << 20
_USERS_PER_CHUNK = 10_000
_BYTES_PER_EVENT = 100  # but for its texts and its user: numbers, and headers where it is alone


class EventExamples:
    """Encodes each value of some events once, and makes examples of them."""

    def __init__(
        self,
        events: SortedEvents,
        is_target: np.ndarray,
        users: pa.Table,
        table: f.FeatureTable,
    ):
        """Args:
        events: All events that the examples show.
        is_target: [num_events] bool.
        users: One row for each of `events.user_ids`: `user_id` and the features of `table.user`.
        table: The features of the configuration.
        """
        self._events = events
        self._is_target = is_target
        self._context = table.context
        self._user = join(_single_values(users, table.user))
        self._times = int_elements(events.time_s)
        texts = (context_column(feature) for feature in table.context if not feature.is_number)
        names = (f.ITEM_ID, f.EVENT_TYPE, *texts)
        self._texts = {name: text_elements(events.texts(name)) for name in names}
        self._num_bytes_before = np.append(0, np.cumsum(self._sizes()))

    def windows(self, windows: Windows) -> Iterator[pa.BinaryArray]:
        """Examples of a `windows` split (`schemas.tfmd.windows_schema`), in chunks."""
        before = self._num_bytes_before
        for chunk in _chunks(before[windows.end] - before[windows.begin]):
            ranges = Ranges.of(windows.begin[chunk], windows.end[chunk])
            lengths = np.diff(ranges.offsets)
            is_own = ranges.events >= np.repeat(windows.first_target[chunk], lengths)
            flags = grouped_flags(self._is_target[ranges.events] & is_own, ranges.offsets)
            marks = features(f.IS_TARGET, flags, encode.int_header)
            yield examples([*self._features(ranges), *marks])

    def single(self, events: np.ndarray) -> Iterator[pa.BinaryArray]:
        """Examples of the `events` split (`schemas.tfmd.events_schema`), in chunks."""
        for chunk in _chunks(np.diff(self._num_bytes_before)[events]):
            chosen = events[chunk]
            yield examples(self._features(Ranges.of(chosen, chosen + 1)))

    def _sizes(self) -> np.ndarray:
        """[num_events] int64: about how many bytes each event takes where it stands alone."""
        sizes = _BYTES_PER_EVENT + pc.binary_length(self._user).to_numpy()[self._events.user]
        for name, elements in self._texts.items():
            sizes += pc.binary_length(elements).to_numpy()[self._events.codes(name)]
        return sizes

    def _features(self, ranges: Ranges) -> list[pa.BinaryArray]:
        users = self._events.user[ranges.events[ranges.offsets[:-1]]]
        parts = [
            self._user.take(pa.array(users)),
            *self._text(f.ITEM_ID, f.ITEM_ID, ranges),
            *features(
                f.TIMESTAMP,
                grouped(self._times, ranges.events, ranges.offsets),
                encode.int_header,
            ),
            *self._text(f.EVENT_TYPE, f.EVENT_TYPE, ranges),
            *self._number(f.VALUE, f.VALUE, ranges),
        ]
        for feature in self._context:
            make = self._number if feature.is_number else self._text
            parts += make(feature.name, context_column(feature), ranges)
        return parts

    def _text(self, name: str, column: str, ranges: Ranges) -> list[pa.BinaryArray]:
        codes = self._events.codes(column)[ranges.events]
        elements = grouped(self._texts[column], codes, ranges.offsets)
        return features(name, elements, encode.bytes_header)

    def _number(self, name: str, column: str, ranges: Ranges) -> list[pa.BinaryArray]:
        values = self._events.numbers(column)[ranges.events]
        return features(name, grouped_floats(values, ranges.offsets), encode.float_header)


def user_examples(users: pa.Table, columns: Sequence[f.Feature]) -> Iterator[pa.BinaryArray]:
    """Rows of the `users` split (`schemas.tfmd.users_schema`), in chunks.

    Args:
      users: One row a user: `user_id` and the user features.
      columns: The user features.
    """
    for begin in range(0, users.num_rows, _USERS_PER_CHUNK):
        yield examples(_single_values(users.slice(begin, _USERS_PER_CHUNK), columns))


def _single_values(users: pa.Table, columns: Sequence[f.Feature]) -> list[pa.BinaryArray]:
    """The user's id and features as parts of an example."""
    user_ids = users.column(f.USER_ID).combine_chunks()
    parts = features(f.USER_ID, text_elements(user_ids), encode.bytes_header)
    one_each = np.arange(len(user_ids) + 1)
    for feature in columns:
        column = users.column(feature.name).combine_chunks()
        if feature.is_number:
            floats = grouped_floats(column.to_numpy(), one_each)
            parts += features(feature.name, floats, encode.float_header)
        else:
            elements = text_elements(column)
            parts += features(feature.name, elements, encode.bytes_header)
    return parts


def _chunks(sizes: np.ndarray) -> Iterator[slice]:
    """Slices of consecutive rows whose sizes add up to about `_BYTES_PER_CHUNK`, or of one row."""
    chunk = np.cumsum(sizes) // _BYTES_PER_CHUNK
    bounds = np.flatnonzero(np.diff(chunk)) + 1
    begins = [0, *bounds.tolist()]
    for begin, end in zip(begins, [*begins[1:], len(sizes)], strict=True):
        if begin < end:
            yield slice(begin, end)
