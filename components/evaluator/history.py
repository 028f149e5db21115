"""Every user's whole past, rebuilt from the windows of all splits.

Windows overlap and are cut to a length, so the past of a target is not what its window holds: the
events of all splits are, each once; PAST_SPLIT has those that are in no target's window. Of its own
second, a target's past is what precedes it in its window.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from components.evaluator.columns import EventColumns

_TARGETS_PER_CHUNK = 4096


@dataclass(frozen=True)
class SeenItems:
    """The items that each target's user had interacted with before it.

    A user's items stand in the order of first interaction, so the items seen before an instant are
    a prefix of them. Events of the same second that precede the target in its window are kept
    aside.

    Attributes:
      item: [num_pairs] int64, each user's items by first interaction, user after user.
      start: [num_targets] int64, where the items of the target's user begin in `item`.
      stop: [num_targets] int64, the end of those first met before the target's second.
      tied_item: [num_tied] int64, items of the target's own second, target after target.
      tied_offsets: [num_targets + 1] int64, where each target's stand in `tied_item`.
    """

    item: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    tied_item: np.ndarray
    tied_offsets: np.ndarray

    def pairs(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """The seen items of some targets: (target, counted from the slice's first; item)."""
        start, stop = self.start[rows], self.stop[rows]
        row, index = ranges(start, stop)
        tied_row, tied_index = ranges(self.tied_offsets[:-1][rows], self.tied_offsets[1:][rows])
        return (
            np.concatenate([row, tied_row]),
            np.concatenate([self.item[index], self.tied_item[tied_index]]),
        )

    def contains(self, target: np.ndarray, item: np.ndarray) -> np.ndarray:
        """[num_pairs] bool: whether an item is among what the user of a target had seen.

        Args:
          target: [num_pairs] int64, in ascending order.
          item: [num_pairs] int64.
        """
        found = np.zeros(len(target), bool)
        for first in range(0, len(self.start), _TARGETS_PER_CHUNK):
            last = first + _TARGETS_PER_CHUNK
            asked = slice(*np.searchsorted(target, (first, last)))
            row, seen = self.pairs(slice(first, last))
            width = max(item[asked].max(initial=0), seen.max(initial=0)) + 1
            found[asked] = np.isin(
                (target[asked] - first) * width + item[asked], row * width + seen
            )
        return found

    def select(self, keep: np.ndarray) -> "SeenItems":
        """The same for the targets where `keep` ([num_targets] bool) is true."""
        _, tied_index = ranges(self.tied_offsets[:-1][keep], self.tied_offsets[1:][keep])
        num_tied = np.diff(self.tied_offsets)[keep]
        return replace(
            self,
            start=self.start[keep],
            stop=self.stop[keep],
            tied_item=self.tied_item[tied_index],
            tied_offsets=np.concatenate([[0], np.cumsum(num_tied)]),
        )

    def none(self) -> "SeenItems":
        """The same targets with nothing seen."""
        return replace(
            self,
            stop=self.start,
            tied_item=self.tied_item[:0],
            tied_offsets=np.zeros_like(self.tied_offsets),
        )


@dataclass(frozen=True)
class Timeline:
    """The unique events of all users, sorted by user, then time.

    Attributes:
      instants: [num_instants] int64, every timestamp that occurs, sorted.
      key: [num_events] int64, `user * num_instants + rank of the timestamp`, sorted.
      first_key: [num_pairs] int64, the key of each (user, item)'s first event, sorted.
      first_item: [num_pairs] int64, the item of each.
    """

    instants: np.ndarray
    key: np.ndarray
    first_key: np.ndarray
    first_item: np.ndarray

    @classmethod
    def of(cls, splits: Iterable[EventColumns]) -> "Timeline":
        """Rebuilds the timeline from overlapping windows."""
        parts = list(splits)
        user = np.concatenate([part.user for part in parts])
        item = np.concatenate([part.item for part in parts])
        timestamp = np.concatenate([part.timestamp for part in parts])
        instants, rank = np.unique(timestamp, return_inverse=True)
        key = user * len(instants) + rank
        nth = _occurrence(parts, key, item)
        order = np.lexsort((nth, item, key))
        user, item, key, nth = user[order], item[order], key[order], nth[order]
        is_first_copy = np.ones(len(key), bool)
        is_first_copy[1:] = (key[1:] != key[:-1]) | (item[1:] != item[:-1]) | (nth[1:] != nth[:-1])
        user, item, key = user[is_first_copy], item[is_first_copy], key[is_first_copy]
        pair = user * (item.max(initial=0) + 1) + item
        _, first = np.unique(pair, return_index=True)
        first = np.sort(first)
        return cls(instants, key, key[first], item[first])

    def num_events_before(self, events: EventColumns, position: np.ndarray) -> np.ndarray:
        """[num_positions] int64: events of the user before the one at each position.

        Events of the same second count where they precede it in its window.
        """
        user_key, key = self._keys(events, position)
        earlier = np.searchsorted(self.key, key) - np.searchsorted(self.key, user_key)
        return earlier + position - _start_of_second(events)[position]

    def seen_before(self, events: EventColumns, position: np.ndarray) -> SeenItems:
        """What the user of the event at each position had interacted with before it."""
        user_key, key = self._keys(events, position)
        tied_start = _start_of_second(events)[position]
        _, tied = ranges(tied_start, position)
        return SeenItems(
            item=self.first_item,
            start=np.searchsorted(self.first_key, user_key),
            stop=np.searchsorted(self.first_key, key),
            tied_item=events.item[tied],
            tied_offsets=np.concatenate([[0], np.cumsum(position - tied_start)]),
        )

    def num_events_at(self, user: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """[num_queries] int64: events of each user before an instant."""
        user_key, key = self._keys_at(user, time_s)
        return np.searchsorted(self.key, key) - np.searchsorted(self.key, user_key)

    def seen_at(self, user: np.ndarray, time_s: np.ndarray) -> SeenItems:
        """What each user had interacted with before an instant; [num_queries] int64 both."""
        user_key, key = self._keys_at(user, time_s)
        return SeenItems(
            item=self.first_item,
            start=np.searchsorted(self.first_key, user_key),
            stop=np.searchsorted(self.first_key, key),
            tied_item=np.empty(0, np.int64),
            tied_offsets=np.zeros(len(user) + 1, np.int64),
        )

    def _keys(self, events: EventColumns, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._keys_at(events.user[position], events.timestamp[position])

    def _keys_at(self, user: np.ndarray, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        user_key = user * len(self.instants)
        return user_key, user_key + np.searchsorted(self.instants, time_s)


def _occurrence(parts: list[EventColumns], key: np.ndarray, item: np.ndarray) -> np.ndarray:
    """[num_events] int64: tells apart events of one user, second and item in the same window.

    Such events are a view and a click, say; copies of one event stand in different windows.
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
    place = np.arange(len(order))
    nth = np.empty(len(order), np.int64)
    nth[order] = place - np.maximum.accumulate(np.where(is_new, place, 0))
    return nth


def ranges(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concatenates range(start[i], stop[i]): (i of each element, the element)."""
    length = stop - start
    row = np.repeat(np.arange(len(start)), length)
    first_of_row = np.cumsum(length) - length
    return row, np.arange(len(row)) - first_of_row[row] + start[row]


def _start_of_second(events: EventColumns) -> np.ndarray:
    """[num_events] int64: the first event of the same window that has the same timestamp."""
    index = np.arange(len(events.item))
    is_start = index == events.window_start
    is_start[1:] |= events.timestamp[1:] != events.timestamp[:-1]
    return np.maximum.accumulate(np.where(is_start, index, 0))
