"""Evaluation queries with their relevant items."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.evaluator.history import SeenItems, ranges


@dataclass(frozen=True)
class Queries:
    """Queries on a held-out split, each with at least one relevant item.

    Attributes:
      split: The split whose events `position` refers to.
      position: [num_queries] int64, an event of the split for each query. The history of the query
        consists of the events before it in its window.
      user: [num_queries] int64, user codes.
      item: [num_relevant] int64, the relevant items as rows of the catalogue, grouped by query.
      offsets: [num_queries + 1] int64; query q has the relevant items
        item[offsets[q]:offsets[q + 1]].
      num_past_events: [num_queries] int64, the user's earlier events in all splits.
      seen: The items that are excluded from the candidates of each query; none if repeat
        interactions are allowed.
      time_s: [num_queries] int64, the time of each query, seconds since the epoch, UTC. If None,
        a query has the time and the context of the event at its position.
    """

    split: str
    position: npt.NDArray[np.int64]
    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    num_past_events: npt.NDArray[np.int64]
    seen: SeenItems
    time_s: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.position)

    @property
    def num_users(self) -> int:
        """The number of users with at least one query."""
        return len(np.unique(self.user))

    def select(self, keep: npt.NDArray[np.bool_]) -> "Queries":
        """The queries for which `keep` ([num_queries] bool) is true."""
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
