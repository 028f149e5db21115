"""The items that a user's explicit negative feedback excludes, before an event or an instant.

The last event of an item decides (`components.negative_events`). The complete history of the user
counts, as for seen items (`components.evaluator.history`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import EventColumns
from components.evaluator.history import SeenItems, Timeline, ranges, start_of_second

_TARGETS_PER_CHUNK = 4096
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NegativeFeedback:
    """The events of a timeline that are negative feedback, sorted by user and time.

    Attributes:
      timeline: The timeline.
      key: [num_negatives] int64, the key of each event (`Timeline.key`), sorted.
      item: [num_negatives] int64.
      next_key: [num_negatives] int64, the key of the next event of the same user and item; larger
        than all keys if there is none.
    """

    timeline: Timeline
    key: Integers
    item: Integers
    next_key: Integers

    @classmethod
    def of(cls, timeline: Timeline) -> "NegativeFeedback | None":
        """Selects the negative feedback of a timeline; None if the settings define none."""
        if timeline.is_negative is None:
            return None
        key, item = timeline.key, timeline.item
        pair = key // max(1, len(timeline.instants)) * (item.max(initial=0) + 1) + item
        # Events of one user and item remain in order of time.
        order = np.argsort(pair, kind="stable")
        continues = np.diff(pair[order]) == 0
        next_key = np.full(len(key), np.iinfo(np.int64).max)
        next_key[order[:-1][continues]] = key[order[1:][continues]]
        negative = timeline.is_negative
        return cls(timeline, key[negative], item[negative], next_key[negative])

    def excluded_before_event(self, events: EventColumns, position: Integers) -> SeenItems:
        """The items whose last event before each event is negative feedback."""
        user_key, key = self.timeline.keys_of_events(events, position)
        tied_start = start_of_second(events)[position]
        return _listed(
            self._excluded_in_chunk(
                user_key[rows], key[rows], events, tied_start[rows], position[rows]
            )
            for rows in _chunks(len(position))
        )

    def excluded_before_time(self, user: Integers, time_s: Integers) -> SeenItems:
        """The items whose last event before a time is negative feedback.

        Args:
          user: [num_queries] int64, user codes.
          time_s: [num_queries] int64, seconds since the epoch, UTC.
        """
        user_key, key = self.timeline.keys(user, time_s)
        return _listed(
            (self._excluded_before_second(user_key[rows], key[rows]), len(user[rows]))
            for rows in _chunks(len(user))
        )

    def items_after_event(
        self, events: EventColumns, position: Integers, max_items: int
    ) -> tuple[Integers, Integers]:
        """The items of the next negative feedback of the user of each event, in later seconds.

        Args:
          events: Events of a split.
          position: [num_queries] int64, indices into the events.
          max_items: The maximum number of events of negative feedback per query.

        Returns:
          The distinct (query, item) pairs, sorted.
        """
        user_key, key = self.timeline.keys_of_events(events, position)
        end_key = user_key + len(self.timeline.instants)
        start = np.searchsorted(self.key, key, side="right")
        stop = np.minimum(np.searchsorted(self.key, end_key), start + max_items)
        row, index = ranges(start, stop)
        pairs = np.unique(np.stack([row, self.item[index]], axis=1), axis=0)
        return pairs[:, 0], pairs[:, 1]

    def _excluded_before_second(
        self, user_key: Integers, key: Integers
    ) -> tuple[Integers, Integers]:
        """Returns (query, item) pairs by the events before the second of each query."""
        row, index = ranges(np.searchsorted(self.key, user_key), np.searchsorted(self.key, key))
        is_last = self.next_key[index] >= key[row]
        return row[is_last], self.item[index[is_last]]

    def _excluded_in_chunk(
        self,
        user_key: Integers,
        key: Integers,
        events: EventColumns,
        tied_start: Integers,
        position: Integers,
    ) -> tuple[tuple[Integers, Integers], int]:
        """Returns (query, item) pairs, and the number of queries.

        The events of a query's own second that precede it in its window are events before it.
        """
        row, item = self._excluded_before_second(user_key, key)
        tied_row, tied = ranges(tied_start, position)
        row = np.concatenate([row, tied_row])
        item = np.concatenate([item, events.item[tied]])
        assert events.is_negative is not None
        is_negative = np.concatenate(
            [np.ones(len(row) - len(tied_row), bool), events.is_negative[tied]]
        )
        order = np.lexsort((item, row))
        row, item, is_negative = row[order], item[order], is_negative[order]
        is_last = np.ones(len(row), bool)
        is_last[:-1] = (np.diff(row) != 0) | (np.diff(item) != 0)
        kept = is_last & is_negative
        return (row[kept], item[kept]), len(position)


def excluded_before_event(
    timeline: Timeline, events: EventColumns, position: Integers, exclude_seen: bool
) -> SeenItems:
    """The items that are not candidates of a query made just before each event.

    Args:
      timeline: The timeline of all splits.
      events: Events of a split.
      position: [num_queries] int64, indices into the events.
      exclude_seen: Whether all items that the user had interacted with are excluded, not only those
        with negative feedback.
    """
    feedback = NegativeFeedback.of(timeline)
    if exclude_seen or feedback is None:
        seen = timeline.seen_before_event(events, position)
        return seen if exclude_seen else seen.without_items()
    return feedback.excluded_before_event(events, position)


def excluded_before_time(
    timeline: Timeline, user: Integers, time_s: Integers, exclude_seen: bool
) -> SeenItems:
    """The items that are not candidates of a query of each user at a time.

    Args:
      timeline: The timeline of all splits.
      user: [num_queries] int64, user codes.
      time_s: [num_queries] int64, seconds since the epoch, UTC.
      exclude_seen: As in `excluded_before_event`.
    """
    feedback = NegativeFeedback.of(timeline)
    if exclude_seen or feedback is None:
        seen = timeline.seen_before_time(user, time_s)
        return seen if exclude_seen else seen.without_items()
    return feedback.excluded_before_time(user, time_s)


def excluded_by_window(
    events: EventColumns, position: Integers, max_history: int, exclude_seen: bool
) -> SeenItems:
    """The items that a request excludes if it contains nothing but the history of its window.

    Args:
      events: Events of a split.
      position: [num_queries] int64, indices into the events.
      max_history: The maximum number of past events in a request.
      exclude_seen: Whether all items of the history are excluded, not only those with negative
        feedback.
    """
    start = np.maximum(events.window_start[position], position - max_history)
    if exclude_seen or events.is_negative is None:
        in_window = SeenItems(
            item=events.item,
            start=start,
            stop=position,
            tied_item=np.empty(0, np.int64),
            tied_offsets=np.zeros(len(position) + 1, np.int64),
        )
        return in_window if exclude_seen else in_window.without_items()
    return _listed(
        (_last_negative(events, start[rows], position[rows]), len(position[rows]))
        for rows in _chunks(len(position))
    )


def _last_negative(
    events: EventColumns, start: Integers, stop: Integers
) -> tuple[Integers, Integers]:
    """Returns (query, item) pairs: the items whose last event in a range is negative feedback."""
    assert events.is_negative is not None
    row, index = ranges(start, stop)
    item = events.item[index]
    order = np.lexsort((item, row))
    row, item, index = row[order], item[order], index[order]
    is_last = np.ones(len(row), bool)
    is_last[:-1] = (np.diff(row) != 0) | (np.diff(item) != 0)
    kept = is_last & events.is_negative[index]
    return row[kept], item[kept]


def _chunks(num_queries: int) -> Iterator[slice]:
    for start in range(0, num_queries, _TARGETS_PER_CHUNK):
        yield slice(start, min(start + _TARGETS_PER_CHUNK, num_queries))


def _listed(chunks: Iterator[tuple[tuple[Integers, Integers], int]]) -> SeenItems:
    """Returns the items of (query, item) pairs, from chunks of queries and their number."""
    items, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for (row, item), num_queries in chunks:
        items.append(item[np.argsort(row, kind="stable")])
        counts.append(np.bincount(row, minlength=num_queries))
    num_items = np.concatenate(counts)
    return SeenItems(
        item=np.empty(0, np.int64),
        start=np.zeros(len(num_items), np.int64),
        stop=np.zeros(len(num_items), np.int64),
        tied_item=np.concatenate(items),
        tied_offsets=np.concatenate([[0], np.cumsum(num_items)]),
    )
