"""Windowed Markov counts: what tends to come within the next few events after an item."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import sparse

from components.evaluator.baselines.baseline import Fitted
from components.evaluator.baselines.linear import dense_scores
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import NO_ITEM, EventColumns


@dataclass(frozen=True)
class MarkovSetting:
    """How far transitions reach.

    Attributes:
      window: How many of the last events count.
      decay: Weight of an event relative to the next newer one.
    """

    window: int
    decay: float


# With a window of one event there is nothing to decay.
GRID = (
    MarkovSetting(1, 1.0),
    *(MarkovSetting(window, decay) for window in (3, 10, 20) for decay in (0.6, 0.8, 0.95)),
)
DEFAULT = MarkovSetting(10, 0.8)


@dataclass(frozen=True)
class Markov:
    """Scores an item by the transitions to it from the last events of the history.

    Attributes:
      transitions: [num_items, num_items] float32 CSR, rows sum to 1 (or 0 without transitions).
      ties: [num_items] float64, orders items of equal score by popularity.
      setting: How far they reach.
    """

    transitions: sparse.csr_matrix
    ties: np.ndarray
    setting: MarkovSetting

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = sum over d = 1..window of decay^(d-1) · transitions[d-th last event, j]."""
        recent = history[:, : self.setting.window]
        row, lag = np.nonzero(recent != NO_ITEM)
        weights = (self.setting.decay**lag).astype(np.float32)
        shape = (len(history), len(self.ties))
        queries = sparse.csr_matrix((weights, (row, recent[row, lag])), shape=shape)
        return dense_scores(queries, self.transitions, self.ties)


def fit_markov_grid(
    train: EventColumns, num_items: int, grid: Sequence[MarkovSetting]
) -> Iterator[Fitted]:
    """Counts, for each target, the events up to `window` before it in its window of the log.

    count(i, j) = sum over targets j and d = 1..window of decay^(d-1) where i stood d before j;
    transitions = count, each row divided by its sum. Windows overlap, but an event is a target
    once, so nothing is counted twice. The pairs of each distance are counted once for all settings,
    which come out as their windows fill.
    """
    ties = tie_break(training_counts(train, num_items))
    empty = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    counts = {setting.decay: empty for setting in grid}
    for distance in range(1, max(setting.window for setting in grid) + 1):
        pairs = _pairs(train, num_items, distance)
        for decay in {setting.decay for setting in grid if setting.window >= distance}:
            counts[decay] += decay ** (distance - 1) * pairs
        for setting in grid:
            if setting.window == distance:
                transitions = _rows_divided_by_sums(counts[setting.decay])
                yield Fitted(Markov(transitions, ties, setting), asdict(setting))


def _pairs(train: EventColumns, num_items: int, distance: int) -> sparse.csr_matrix:
    """[num_items, num_items] float32 CSR: how often i stood `distance` events before target j."""
    later = np.flatnonzero(train.is_target)
    later = later[later - distance >= train.window_start[later]]
    ones = np.ones(len(later), np.float32)
    pairs = (train.item[later - distance], train.item[later])
    return sparse.csr_matrix((ones, pairs), shape=(num_items, num_items))


def _rows_divided_by_sums(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    return (sparse.diags(scale.astype(np.float32)) @ counts).tocsr()
