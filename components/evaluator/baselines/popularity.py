"""Popularity: the same list for everyone, of all training time or of its last days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluator.baselines.baseline import Fitted
from components.evaluator.columns import EventColumns
from schemas.events import SECONDS_PER_DAY

RECENT_DAYS = (1, 3, 7, 14, 30, 90, 365)
DEFAULT_RECENT_DAYS = 30
# Far below the differences between scores that matter; a million places of it are told apart in
# float64 beside scores of any history, whose decimals float32 would have lost.
_TIE_BREAK = 1e-6


@dataclass(frozen=True)
class Popularity:
    """Scores every item by how often it was interacted with.

    Attributes:
      weights: [num_items] float64.
    """

    weights: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        """[num_queries, num_items] float64: the same row for every history."""
        return np.tile(self.weights, (len(history), 1))


def training_counts(train: EventColumns, num_items: int) -> np.ndarray:
    """[num_items] int64: target events of each item, each interaction counted once."""
    return np.bincount(train.item[train.is_target], minlength=num_items)


def fit_popularity(train: EventColumns, num_items: int) -> Popularity:
    """Counts the target events of the whole train split."""
    return Popularity(training_counts(train, num_items).astype(np.float64))


def fit_recent_popularity(train: EventColumns, num_items: int, days: float) -> Popularity:
    """Orders items by their target events in the last `days` days of the train split.

    The weights are places in that order, not counts, so that popularity breaks ties exactly.
    """
    item, timestamp = train.item[train.is_target], train.timestamp[train.is_target]
    is_recent = timestamp > timestamp.max() - days * SECONDS_PER_DAY
    recent = np.bincount(item[is_recent], minlength=num_items)
    keys = np.stack([recent, training_counts(train, num_items)], axis=1)
    _, place = np.unique(keys, axis=0, return_inverse=True)
    return Popularity(place.astype(np.float64))


def recent_days_grid(train: EventColumns) -> tuple[int, ...]:
    """The windows of RECENT_DAYS that are shorter than the train split; the shortest at least.

    A window that holds the whole split would be `popularity` again.
    """
    timestamp = train.timestamp[train.is_target]
    span_days = (timestamp.max() - timestamp.min()) / SECONDS_PER_DAY
    return tuple(days for days in RECENT_DAYS if days <= max(span_days, RECENT_DAYS[0]))


def fit_recent_grid(train: EventColumns, num_items: int, grid: Sequence[int]) -> Iterator[Fitted]:
    """Fits `recent_popularity` for each number of days."""
    for days in grid:
        yield Fitted(fit_recent_popularity(train, num_items, days), {"days": days})


def tie_break(counts: np.ndarray) -> np.ndarray:
    """[num_items] float64: tiny scores that order otherwise equal items by popularity.

    They rise evenly with an item's place by its count, so that any two counts are told apart.
    """
    places, place = np.unique(counts, return_inverse=True)
    return _TIE_BREAK * place / len(places)
