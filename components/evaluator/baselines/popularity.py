"""Popularity baselines: over the whole train split, or over its last days."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.columns import EventColumns
from schemas.events import SECONDS_PER_DAY

DAYS = "days"
_RECENT_DAYS = (1, 3, 10, 30, 90, 365)
_FEWEST_DAYS = 1 / 24
DEFAULT_RECENT_DAYS = 30
# Far smaller than differences between scores, but large enough that float64 represents a million
# distinct fractions of it when added to a score. Float32 does not.
_TIE_BREAK = 1e-6


@dataclass(frozen=True)
class Popularity:
    """Scores every item by its number of training events, regardless of the history.

    Attributes:
      weights: [num_items] float64.
    """

    weights: npt.NDArray[np.float64]

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """[num_queries, num_items] float64, the same row for every history."""
        return np.tile(self.weights, (len(history), 1))


def training_counts(train: EventColumns, num_items: int) -> npt.NDArray[np.int64]:
    """[num_items] int64: the number of target events of each item."""
    return np.bincount(train.item[train.is_target], minlength=num_items)


def fit_popularity(train: EventColumns, num_items: int) -> Popularity:
    """Fits `popularity`: counts the target events of the whole train split."""
    return Popularity(training_counts(train, num_items).astype(np.float64))


def fit_recent_popularity(train: EventColumns, num_items: int, days: float) -> Popularity:
    """Fits `recent_popularity`: counts the target events of the last `days` days of the split.

    The weights are ranks instead of counts, so that items with equal recent counts are ordered by
    their counts over the whole split.
    """
    item, timestamp = train.item[train.is_target], train.timestamp[train.is_target]
    is_recent = timestamp > timestamp.max() - days * SECONDS_PER_DAY
    recent = np.bincount(item[is_recent], minlength=num_items)
    keys = np.stack([recent, training_counts(train, num_items)], axis=1)
    _, rank = np.unique(keys, axis=0, return_inverse=True)
    return Popularity(rank.astype(np.float64))


def days_axis(train: EventColumns) -> Axis:
    """The numbers of days to search: from an hour to the length of the train split.

    With the length of the split, rounded up to whole days, the ranking is that of `popularity`.
    """
    timestamp = train.timestamp[train.is_target]
    span_days = (int(timestamp.max()) - int(timestamp.min())) / SECONDS_PER_DAY
    return Axis.within(DAYS, _RECENT_DAYS, _FEWEST_DAYS, max(1, math.floor(span_days) + 1))


def fit_recent_grid(
    train: EventColumns, num_items: int, grid: Sequence[float]
) -> Iterator[FittedBaseline]:
    """Fits `recent_popularity` for each number of days."""
    for days in grid:
        yield FittedBaseline(fit_recent_popularity(train, num_items, days), {DAYS: days})


def tie_break(weights: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Computes small scores that order items with otherwise equal scores by popularity.

    They are evenly spaced over the distinct weights, so that any two weights remain distinguishable
    after the addition to a score.

    Args:
      weights: [num_items], `Popularity.weights`.

    Returns:
      [num_items] float64, in [0, 1e-6).
    """
    distinct, rank = np.unique(weights, return_inverse=True)
    return _TIE_BREAK * rank / len(distinct)
