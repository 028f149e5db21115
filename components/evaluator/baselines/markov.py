"""Windowed Markov counts: what tends to come within the next few events after an item."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from components.evaluator.baselines.item_knn import dense_scores
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import NO_ITEM, EventColumns

# Best of a grid on the eval splits of MovieLens latest-small, by time and leave-one-out.
WINDOW = 10
DECAY = 0.8


@dataclass(frozen=True)
class Markov:
    """Scores an item by the transitions to it from the last events of the history.

    Attributes:
      transitions: [num_items, num_items] float32 CSR, rows sum to 1 (or 0 without transitions).
      ties: [num_items] float32, orders items of equal score by popularity.
      window: How many of the last events count.
      decay: Weight of an event relative to the next newer one.
    """

    transitions: sparse.csr_matrix
    ties: np.ndarray
    window: int
    decay: float

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = sum over d = 1..window of decay^(d-1) · transitions[d-th last event, j]."""
        recent = history[:, : self.window]
        row, lag = np.nonzero(recent != NO_ITEM)
        weights = (self.decay**lag).astype(np.float32)
        shape = (len(history), len(self.ties))
        queries = sparse.csr_matrix((weights, (row, recent[row, lag])), shape=shape)
        return dense_scores(queries, self.transitions, self.ties)


def fit_markov(
    train: EventColumns, num_items: int, window: int = WINDOW, decay: float = DECAY
) -> Markov:
    """Counts, for each target, the events up to `window` before it in its window of the log.

    count(i, j) = sum over targets j and d = 1..window of decay^(d-1) where i stood d before j;
    transitions = count, each row divided by its sum. Windows overlap, but an event is a target
    once, so nothing is counted twice.
    """
    counts = sparse.csr_matrix((num_items, num_items), dtype=np.float64)
    target = np.flatnonzero(train.is_target)
    start = train.window_start[target]
    for distance in range(1, window + 1):
        has_event = target - distance >= start
        later = target[has_event]
        pairs = (train.item[later - distance], train.item[later])
        weights = np.full(len(later), decay ** (distance - 1))
        counts += sparse.csr_matrix((weights, pairs), shape=counts.shape)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    scale = sparse.diags(np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0))
    transitions = (scale @ counts).tocsr().astype(np.float32)
    return Markov(transitions, tie_break(training_counts(train, num_items)), window, decay)
