"""Encoding of events as serialised tf.Examples: windows of events, and single events."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.event_table import context_column, user_column
from components.example_gen.sorted_events import SortedEvents
from components.example_gen.windows import WindowRanges
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

# Approximate number of bytes encoded at a time. Bounds the memory, whatever the number of windows
# and the length of texts.
_BYTES_PER_CHUNK = 16 << 20
_USERS_PER_CHUNK = 10_000
# Size of a single encoded event without its texts and the features of its user.
_BYTES_PER_EVENT = 100


class EventExamples:
    """An encoder of events that encodes each value once and reuses it in several examples."""

    def __init__(
        self,
        events: SortedEvents,
        is_target: npt.NDArray[np.bool_],
        users: pa.Table,
        table: f.FeatureTable,
    ):
        """Constructs the encoder.

        Args:
          events: All events of the examples.
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
        self._byte_offsets = np.append(0, np.cumsum(self._sizes()))

    def windows(self, windows: WindowRanges) -> Iterator[pa.BinaryArray]:
        """Yields chunks of examples of windows, with the features of `tfmd.windows_schema`."""
        offsets = self._byte_offsets
        for chunk in _chunks(offsets[windows.end] - offsets[windows.begin]):
            ranges = Ranges.of(windows.begin[chunk], windows.end[chunk])
            lengths = np.diff(ranges.offsets)
            is_after_first = ranges.events >= np.repeat(windows.first_target[chunk], lengths)
            is_target = self._is_target[ranges.events] & is_after_first
            flags = grouped_flags(is_target, ranges.offsets)
            yield examples(
                [*self._features(ranges), *features(f.IS_TARGET, flags, encode.int_header)]
            )

    def single_events(self, events: npt.NDArray[np.int64]) -> Iterator[pa.BinaryArray]:
        """Yields chunks of examples of one event each, with the features of `tfmd.events_schema`.

        Args:
          events: [num_examples] indices of events.
        """
        for chunk in _chunks(np.diff(self._byte_offsets)[events]):
            begin = events[chunk]
            yield examples(self._features(Ranges.of(begin, begin + 1)))

    def _sizes(self) -> npt.NDArray[np.int64]:
        """Returns the approximate [num_events] sizes of single encoded events, in bytes."""
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
            encode_column = self._number if feature.is_number else self._text
            parts += encode_column(feature.key, context_column(feature), ranges)
        return parts

    def _text(self, name: str, column: str, ranges: Ranges) -> list[pa.BinaryArray]:
        codes = self._events.codes(column)[ranges.events]
        elements = grouped(self._texts[column], codes, ranges.offsets)
        return features(name, elements, encode.bytes_header)

    def _number(self, name: str, column: str, ranges: Ranges) -> list[pa.BinaryArray]:
        values = self._events.numbers(column)[ranges.events]
        return features(name, grouped_floats(values, ranges.offsets), encode.float_header)


def user_examples(users: pa.Table, columns: Sequence[f.Feature]) -> Iterator[pa.BinaryArray]:
    """Yields chunks of examples of users, with the features of `schemas.tfmd.users_schema`.

    Args:
      users: One row per user: `user_id` and the user features.
      columns: The user features.
    """
    for begin in range(0, users.num_rows, _USERS_PER_CHUNK):
        yield examples(_single_values(users.slice(begin, _USERS_PER_CHUNK), columns))


def _single_values(users: pa.Table, columns: Sequence[f.Feature]) -> list[pa.BinaryArray]:
    """Returns the encoded user ids and user features, each an array of [num_users]."""
    user_ids = users.column(f.USER_ID).combine_chunks()
    parts = features(f.USER_ID, text_elements(user_ids), encode.bytes_header)
    offsets = np.arange(len(user_ids) + 1)
    for feature in columns:
        column = users.column(user_column(feature)).combine_chunks()
        if feature.is_number:
            floats = grouped_floats(column.to_numpy(), offsets)
            parts += features(feature.key, floats, encode.float_header)
        else:
            elements = text_elements(column)
            parts += features(feature.key, elements, encode.bytes_header)
    return parts


def _chunks(sizes: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Yields slices of consecutive rows whose sizes add up to about `_BYTES_PER_CHUNK`.

    A row that is larger is a slice of its own.
    """
    chunk = np.cumsum(sizes) // _BYTES_PER_CHUNK
    bounds = np.flatnonzero(np.diff(chunk)) + 1
    begins = [0, *bounds.tolist()]
    for begin, end in zip(begins, [*begins[1:], len(sizes)], strict=True):
        if begin < end:
            yield slice(begin, end)
