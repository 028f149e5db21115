"""The complete event history of every user, reconstructed from the windows of all splits.

Windows overlap and are truncated, so a target's window does not contain the user's complete
history. The windows of all splits together contain every event at least once: the split PAST_SPLIT
contains the events that are in no target's window. Timestamps have a resolution of one second;
among the events of a target's own second, those before it in its window precede it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import EventColumns

_TARGETS_PER_CHUNK = 4096


@dataclass(frozen=True)
class SeenItems:
    """The items that the user of each target had interacted with before the target.

    The items of a user are sorted by first interaction, so the items seen before a given time are a
    prefix of them. Items of events in the target's own second are stored separately.

    Attributes:
      item: [num_pairs] int64, the items of each user in order of first interaction, grouped by
        user.
      start: [num_targets] int64, the first index into `item` for the target's user.
      stop: [num_targets] int64, the end of the items first seen before the target's second.
      tied_item: [num_tied] int64, the items of earlier events in the target's own second, grouped
        by target.
      tied_offsets: [num_targets + 1] int64; target t has the tied items
        tied_item[tied_offsets[t]:tied_offsets[t + 1]].
    """

    item: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    tied_item: npt.NDArray[np.int64]
    tied_offsets: npt.NDArray[np.int64]

    def pairs(self, rows: slice) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The (target, item) pairs of a slice of the targets, [num_pairs] int64 each.

        Targets are numbered from the start of the slice.
        """
        start, stop = self.start[rows], self.stop[rows]
        row, index = ranges(start, stop)
        tied_row, tied_index = ranges(self.tied_offsets[:-1][rows], self.tied_offsets[1:][rows])
        return (
            np.concatenate([row, tied_row]),
            np.concatenate([self.item[index], self.tied_item[tied_index]]),
        )

    def contains(
        self, target: npt.NDArray[np.int64], item: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Returns whether the user of each target had seen the given item, [num_pairs] bool.

        Args:
          target: [num_pairs] int64, in ascending order.
          item: [num_pairs] int64.
        """
        is_seen = np.zeros(len(target), bool)
        for first in range(0, len(self.start), _TARGETS_PER_CHUNK):
            last = first + _TARGETS_PER_CHUNK
            chunk = slice(*np.searchsorted(target, (first, last)))
            row, seen = self.pairs(slice(first, last))
            width = max(item[chunk].max(initial=0), seen.max(initial=0)) + 1
            is_seen[chunk] = np.isin(
                (target[chunk] - first) * width + item[chunk], row * width + seen
            )
        return is_seen

    def select(self, keep: npt.NDArray[np.bool_]) -> "SeenItems":
        """The seen items of the targets for which `keep` ([num_targets] bool) is true."""
        _, tied_index = ranges(self.tied_offsets[:-1][keep], self.tied_offsets[1:][keep])
        num_tied = np.diff(self.tied_offsets)[keep]
        return replace(
            self,
            start=self.start[keep],
            stop=self.stop[keep],
            tied_item=self.tied_item[tied_index],
            tied_offsets=np.concatenate([[0], np.cumsum(num_tied)]),
        )

    def any_outside(self, other: "SeenItems") -> npt.NDArray[np.bool_]:
        """Returns whether each target has a seen item that is not in `other`, [num_targets] bool.

        Args:
          other: Seen items of the same targets.
        """
        is_outside = np.zeros(len(self.start), bool)
        for first in range(0, len(self.start), _TARGETS_PER_CHUNK):
            rows = slice(first, first + _TARGETS_PER_CHUNK)
            row, item = self.pairs(rows)
            other_row, other_item = other.pairs(rows)
            width = max(item.max(initial=0), other_item.max(initial=0)) + 1
            is_in_other = np.isin(row * width + item, other_row * width + other_item)
            is_outside[rows][row[~is_in_other]] = True
        return is_outside

    def without_items(self) -> "SeenItems":
        """The same targets with no seen items."""
        return replace(
            self,
            stop=self.start,
            tied_item=self.tied_item[:0],
            tied_offsets=np.zeros_like(self.tied_offsets),
        )


@dataclass(frozen=True)
class Timeline:
    """The unique events of all users, sorted by user and time.

    Attributes:
      instants: [num_instants] int64, the sorted unique timestamps of all events.
      key: [num_events] int64, `user * num_instants + index of the timestamp`, sorted.
      first_key: [num_pairs] int64, the key of the first event of each (user, item) pair, sorted.
      first_item: [num_pairs] int64, the item of each pair.
      item: [num_events] int64.
      is_negative: [num_events] bool, explicit negative feedback; None if no event is.
    """

    instants: npt.NDArray[np.int64]
    key: npt.NDArray[np.int64]
    first_key: npt.NDArray[np.int64]
    first_item: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    is_negative: npt.NDArray[np.bool_] | None = None

    @classmethod
    def from_splits(cls, splits: Iterable[EventColumns]) -> "Timeline":
        """Builds the timeline from overlapping windows; each event is counted once."""
        parts = list(splits)
        user = np.concatenate([part.user for part in parts])
        item = np.concatenate([part.item for part in parts])
        timestamp = np.concatenate([part.timestamp for part in parts])
        instants, rank = np.unique(timestamp, return_inverse=True)
        key = user * len(instants) + rank
        occurrence = _occurrence_in_window(parts, key, item)
        order = np.lexsort((occurrence, item, key))
        user, item, key, occurrence = user[order], item[order], key[order], occurrence[order]
        is_first_copy = np.ones(len(key), bool)
        is_first_copy[1:] = (
            (key[1:] != key[:-1]) | (item[1:] != item[:-1]) | (occurrence[1:] != occurrence[:-1])
        )
        user, item, key = user[is_first_copy], item[is_first_copy], key[is_first_copy]
        pair = user * (item.max(initial=0) + 1) + item
        _, first = np.unique(pair, return_index=True)
        first = np.sort(first)
        flags = [part.is_negative for part in parts if part.is_negative is not None]
        is_negative = np.concatenate(flags)[order][is_first_copy] if flags else None
        return cls(instants, key, key[first], item[first], item, is_negative)

    def num_events_before_event(
        self, events: EventColumns, position: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The number of earlier events of the user of each event, [num_positions] int64.

        Events of the same second are earlier if they precede the event in its window.
        """
        user_key, key = self.keys_of_events(events, position)
        earlier = np.searchsorted(self.key, key) - np.searchsorted(self.key, user_key)
        return earlier + position - start_of_second(events)[position]

    def seen_before_event(self, events: EventColumns, position: npt.NDArray[np.int64]) -> SeenItems:
        """The items that the user of each event had interacted with before the event."""
        user_key, key = self.keys_of_events(events, position)
        tied_start = start_of_second(events)[position]
        _, tied = ranges(tied_start, position)
        return SeenItems(
            item=self.first_item,
            start=np.searchsorted(self.first_key, user_key),
            stop=np.searchsorted(self.first_key, key),
            tied_item=events.item[tied],
            tied_offsets=np.concatenate([[0], np.cumsum(position - tied_start)]),
        )

    def is_repeat(
        self, events: EventColumns, position: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Whether the user had interacted with the item of each event before, [num_positions].

        The same as `seen_before_event(…).contains(…)`, in time and memory that do not depend on the
        length of the histories.
        """
        width = self.item.max(initial=0) + 1
        pair = self.first_key // max(1, len(self.instants)) * width + self.first_item
        order = np.argsort(pair)
        _, key = self.keys_of_events(events, position)
        own = events.user[position] * width + events.item[position]
        first = self.first_key[order[np.searchsorted(pair, own, sorter=order)]]
        all_keys = self.keys(events.user, events.timestamp)[1]
        occurrence = _occurrence_in_window([events], all_keys, events.item)[position]
        return (first < key) | (occurrence > 0)

    def num_events_before_time(
        self, user: npt.NDArray[np.int64], time_s: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The number of events of each user before a time, [num_queries] int64."""
        user_key, key = self.keys(user, time_s)
        return np.searchsorted(self.key, key) - np.searchsorted(self.key, user_key)

    def seen_before_time(
        self, user: npt.NDArray[np.int64], time_s: npt.NDArray[np.int64]
    ) -> SeenItems:
        """The items that each user had interacted with before a time.

        Args:
          user: [num_queries] int64, user codes.
          time_s: [num_queries] int64, seconds since the epoch, UTC.
        """
        user_key, key = self.keys(user, time_s)
        return SeenItems(
            item=self.first_item,
            start=np.searchsorted(self.first_key, user_key),
            stop=np.searchsorted(self.first_key, key),
            tied_item=np.empty(0, np.int64),
            tied_offsets=np.zeros(len(user) + 1, np.int64),
        )

    def keys_of_events(
        self, events: EventColumns, position: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The smallest key of the user of each event, and the key of the event."""
        return self.keys(events.user[position], events.timestamp[position])

    def keys(
        self, user: npt.NDArray[np.int64], time_s: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The smallest key of each user, and the key of the user at each time."""
        user_key = user * len(self.instants)
        return user_key, user_key + np.searchsorted(self.instants, time_s)


def _occurrence_in_window(
    parts: list[EventColumns], key: npt.NDArray[np.int64], item: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Numbers the events of the same user, second and item within each window, from 0.

    Events with different numbers are different events, such as a view and a click. Events with the
    same number in different windows are copies of one event.
    """
    window = np.repeat(
        np.arange(sum(len(part.offsets) - 1 for part in parts)),
        np.concatenate([np.diff(part.offsets) for part in parts]),
    )
    order = np.lexsort((item, key, window))
    is_new = np.zeros(len(order), bool)
    is_new[:1] = True
    for column in (item[order], key[order], window[order]):
        is_new[1:] |= column[1:] != column[:-1]
    index = np.arange(len(order))
    occurrence = np.empty(len(order), np.int64)
    occurrence[order] = index - np.maximum.accumulate(np.where(is_new, index, 0))
    return occurrence


def ranges(
    start: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Concatenates the ranges start[i], ..., stop[i] - 1.

    Returns:
      For each element, the index i of its range, and the element.

    Example:
      >>> row, element = ranges(np.array([5, 9]), np.array([8, 10]))
      >>> row.tolist(), element.tolist()
      ([0, 0, 0, 1], [5, 6, 7, 9])
    """
    length = stop - start
    row = np.repeat(np.arange(len(start)), length)
    first_of_row = np.cumsum(length) - length
    return row, np.arange(len(row)) - first_of_row[row] + start[row]


def start_of_second(events: EventColumns) -> npt.NDArray[np.int64]:
    """[num_events] int64: the first event of the same window that has the same timestamp."""
    index = np.arange(len(events.item))
    is_start = index == events.window_start
    is_start[1:] |= events.timestamp[1:] != events.timestamp[:-1]
    return np.maximum.accumulate(np.where(is_start, index, 0))
