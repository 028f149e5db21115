"""Windowed Markov baseline: transitions from an item to the items of the next few events."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.matrices import dense_scores
from components.evaluator.columns import NO_ITEM, EventColumns

# Pairs of events that are counted at a time: about 200 MB.
_PAIRS_PER_CHUNK = 2**22


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


DEFAULT = MarkovSetting(10, 0.8)


def markov_axes(max_history: int) -> tuple[Axis, Axis]:
    """The windows and decays to search, in the order of `MarkovSetting`.

    Args:
      max_history: The maximum number of past events in a request.
    """
    return (
        Axis.within("window", (2, 5, 20), 1, max_history, is_integer=True),
        Axis("decay", (0.1, 0.2, 0.4, 0.6, 0.8, 1.0), 0.05, 1.0),
    )


@dataclass(frozen=True)
class Markov:
    """Scores an item by the transitions to it from the last events of the history.

    Attributes:
      transitions: [num_items, num_items] float32 CSR; rows sum to 1, or to 0 for an item without
        transitions.
      ties: [num_items] float64, orders items with equal scores.
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
    train: EventColumns, ties: npt.NDArray[np.float64], grid: Sequence[MarkovSetting]
) -> Iterator[FittedBaseline]:
    """Fits the Markov baseline for each setting of a grid.

    count(i, j) = sum of decay^(d-1) over all targets j and d = 1..window for which item i is the
    d-th event before the target in its window; transitions = count with rows divided by their sums.
    Windows overlap, but each event is a target at most once, so no pair is counted twice. The
    counts of a window are continued for the next larger window with the same decay, so settings are
    returned by decay and window. The counts of one decay are in memory at a time.

    Args:
      train: Events of the train split.
      ties: [num_items] float64, orders items with equal scores.
      grid: The settings.
    """
    num_items = len(ties)
    counts: sparse.csr_matrix
    last: MarkovSetting | None = None
    for setting in sorted(set(grid), key=lambda each: (each.decay, each.window)):
        if last is None or setting.decay != last.decay:
            counts = sparse.csr_matrix((num_items, num_items), dtype=np.float32)
            last = MarkovSetting(0, setting.decay)
        distances = range(last.window + 1, setting.window + 1)
        for pairs in _weighted_pairs(train, num_items, distances, setting.decay):
            counts = counts + pairs
        last = setting
        transitions = _normalise_rows(counts)
        yield FittedBaseline(Markov(transitions, ties, setting), asdict(setting))


def _weighted_pairs(
    train: EventColumns, num_items: int, distances: Iterable[int], decay: float
) -> Iterator[sparse.csr_matrix]:
    """Counts the pairs of a target and the event a number of events before it, with decays.

    Yields:
      Matrices [num_items, num_items] float32 CSR whose sum is the weighted count; row is the
      earlier item, column the target's item.
    """
    target = np.flatnonzero(train.is_target)
    num_earlier = target - train.window_start[target]
    earlier, later, weight = [], [], []
    for distance in distances:
        at = target[num_earlier >= distance]
        earlier.append(train.item[at - distance])
        later.append(train.item[at])
        weight.append(np.full(len(at), decay ** (distance - 1), np.float32))
        if sum(map(len, weight)) >= _PAIRS_PER_CHUNK:
            yield _sum_of_pairs(earlier, later, weight, num_items)
            earlier, later, weight = [], [], []
    if weight:
        yield _sum_of_pairs(earlier, later, weight, num_items)


def _sum_of_pairs(
    earlier: list[npt.NDArray[np.int64]],
    later: list[npt.NDArray[np.int64]],
    weight: list[npt.NDArray[np.float32]],
    num_items: int,
) -> sparse.csr_matrix:
    """Sums the weights of equal pairs, [num_items, num_items] float32 CSR."""
    pairs = (np.concatenate(earlier), np.concatenate(later))
    return sparse.csr_matrix((np.concatenate(weight), pairs), shape=(num_items, num_items))


def _normalise_rows(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Divides each row by its sum; rows of zeros remain."""
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    scale = np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)
    return (sparse.diags(scale.astype(np.float32)) @ counts).tocsr()
