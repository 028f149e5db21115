"""Popularity: the same list for everyone, of all training time or of its last days."""

from dataclasses import dataclass

import numpy as np

from components.evaluator.columns import EventColumns

SECONDS_PER_DAY = 86_400
# Far below the differences between scores that matter, and well above float32's steps near 0.
_TIE_BREAK = 1e-6


@dataclass(frozen=True)
class Popularity:
    """Scores every item by how often it was interacted with.

    Attributes:
      weights: [num_items] float32.
    """

    weights: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        """[num_queries, num_items] float32: the same row for every history."""
        return np.tile(self.weights, (len(history), 1))


def training_counts(train: EventColumns, num_items: int) -> np.ndarray:
    """[num_items] int64: target events of each item, each interaction counted once."""
    return np.bincount(train.item[train.is_target], minlength=num_items)


def fit_popularity(train: EventColumns, num_items: int) -> Popularity:
    """Counts the target events of the whole train split."""
    return Popularity(training_counts(train, num_items).astype(np.float32))


def fit_recent_popularity(train: EventColumns, num_items: int, recent_days: float) -> Popularity:
    """Orders items by their target events in the last `recent_days` days of the train split.

    The weights are places in that order, not counts, so that popularity breaks ties exactly.
    """
    item, timestamp = train.item[train.is_target], train.timestamp[train.is_target]
    is_recent = timestamp > timestamp.max() - recent_days * SECONDS_PER_DAY
    recent = np.bincount(item[is_recent], minlength=num_items)
    keys = np.stack([recent, training_counts(train, num_items)], axis=1)
    _, place = np.unique(keys, axis=0, return_inverse=True)
    return Popularity(place.astype(np.float32))


def tie_break(counts: np.ndarray) -> np.ndarray:
    """[num_items] float32: tiny scores that order otherwise equal items by popularity."""
    return (_TIE_BREAK * counts / max(1, counts.max(initial=0))).astype(np.float32)
