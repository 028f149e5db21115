"""Windowed Markov baseline: transitions from an item to the items of the next few events."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.matrices import dense_scores
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import NO_ITEM, EventColumns


@dataclass(frozen=True)
class MarkovSetting:
    """The hyperparameters of the Markov baseline.

    Attributes:
      window: Maximum number of events between an item and its successor, and number of events of
        the history that are used.
      decay: Weight of an event relative to the next newer one.
    """

    window: int
    decay: float


# A window of one event has no decay.
GRID = (
    MarkovSetting(1, 1.0),
    *(MarkovSetting(window, decay) for window in (3, 10, 20) for decay in (0.6, 0.8, 0.95)),
)
DEFAULT = MarkovSetting(10, 0.8)


@dataclass(frozen=True)
class Markov:
    """Scores an item by the transitions to it from the last events of the history.

    Attributes:
      transitions: [num_items, num_items] float32 CSR; rows sum to 1, or to 0 for an item without
        transitions.
      ties: [num_items] float64, orders items with equal scores by popularity.
      setting: The window and the decay.
    """

    transitions: sparse.csr_matrix
    ties: npt.NDArray[np.float64]
    setting: MarkovSetting

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """score(j) = sum of decay^(d-1) · transitions[d-th last event, j] over d = 1..window."""
        recent = history[:, : self.setting.window]
        row, lag = np.nonzero(recent != NO_ITEM)
        weights = (self.setting.decay**lag).astype(np.float32)
        shape = (len(history), len(self.ties))
        queries = sparse.csr_matrix((weights, (row, recent[row, lag])), shape=shape)
        return dense_scores(queries, self.transitions, self.ties)


def fit_markov_grid(
    train: EventColumns, num_items: int, grid: Sequence[MarkovSetting]
) -> Iterator[FittedBaseline]:
    """Fits the Markov baseline for each setting of a grid.

    count(i, j) = sum of decay^(d-1) over all targets j and d = 1..window for which item i is the
    d-th event before the target in its window; transitions = count with rows divided by their sums.
    Windows overlap, but each event is a target exactly once, so no pair is counted twice. The pairs
    at each distance d are counted once for all settings, so settings are returned in ascending
    order of their window.

    Args:
      train: Events of the train split.
      num_items: Number of items in the catalogue.
      grid: The settings.
    """
    ties = tie_break(training_counts(train, num_items))
    empty = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
    counts = {setting.decay: empty for setting in grid}
    for distance in range(1, max(setting.window for setting in grid) + 1):
        pairs = _pair_counts(train, num_items, distance)
        for decay in {setting.decay for setting in grid if setting.window >= distance}:
            counts[decay] += decay ** (distance - 1) * pairs
        for setting in grid:
            if setting.window == distance:
                transitions = _normalise_rows(counts[setting.decay])
                yield FittedBaseline(Markov(transitions, ties, setting), asdict(setting))


def _pair_counts(train: EventColumns, num_items: int, distance: int) -> sparse.csr_matrix:
    """Counts the pairs of a target and the event `distance` events before it.

    Returns:
      [num_items, num_items] float32 CSR; row is the earlier item, column the target's item.
    """
    later = np.flatnonzero(train.is_target)
    later = later[later - distance >= train.window_start[later]]
    ones = np.ones(len(later), np.float32)
    pairs = (train.item[later - distance], train.item[later])
    return sparse.csr_matrix((ones, pairs), shape=(num_items, num_items))


def _normalise_rows(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divides each row by its sum; rows of zeros remain."""
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    return (sparse.diags(scale.astype(np.float32)) @ counts).tocsr()
