"""What is asked of a model, and what the right answers are."""

from dataclasses import dataclass, replace

import numpy as np

from components.evaluator.history import SeenItems, ranges


@dataclass(frozen=True)
class Queries:
    """Requests of held-out time, each with its relevant items.

    Attributes:
      split: The split whose event columns `position` points into.
      position: [num_queries] int64: a query is taken just before this event, and its history are
        the events before it in its window.
      user: [num_queries] int64, user codes.
      item: [num_relevant] int64, relevant rows of the catalogue, query after query.
      offsets: [num_queries + 1] int64: those of query q stand at offsets[q]:offsets[q + 1], at
        least one.
      num_past_events: [num_queries] int64, the user's events before it in all splits.
      seen: What ranking leaves out for each query; empty when items may repeat.
      time_s: [num_queries] int64, seconds UTC at which the query is asked; None: at the time, and
        in the context, of the event at its position.
    """

    split: str
    position: np.ndarray
    user: np.ndarray
    item: np.ndarray
    offsets: np.ndarray
    num_past_events: np.ndarray
    seen: SeenItems
    time_s: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.position)

    @property
    def num_users(self) -> int:
        """Users with at least one query."""
        return len(np.unique(self.user))

    def select(self, keep: np.ndarray) -> "Queries":
        """The queries where `keep` ([num_queries] bool) is true."""
        _, relevant = ranges(self.offsets[:-1][keep], self.offsets[1:][keep])
        return replace(
            self,
            position=self.position[keep],
            user=self.user[keep],
            item=self.item[relevant],
            offsets=np.concatenate([[0], np.cumsum(np.diff(self.offsets)[keep])]),
            num_past_events=self.num_past_events[keep],
            seen=self.seen.select(keep),
            time_s=None if self.time_s is None else self.time_s[keep],
        )
