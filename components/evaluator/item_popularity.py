"""How popular items were in training: in three thirds of the events, and in percentiles."""

import numpy as np
from scipy import stats

POPULARITY_CLASSES = ("head", "middle", "tail", "never_trained")
_HEAD, _MIDDLE, _TAIL, _NEVER = range(4)


def popularity_class(counts: np.ndarray) -> np.ndarray:
    """[num_items] int64, places in POPULARITY_CLASSES.

    Head, middle and tail each hold about a third of the training events: the head is the most
    popular items that together got the first third. An item belongs where its own first event
    falls, so the most popular item is head whatever its share.

    Args:
      counts: [num_items] training events of each item.
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    third = 3 * before // max(1, counts.sum())
    groups = np.empty(len(counts), np.int64)
    groups[order] = np.minimum(third, _TAIL)
    groups[counts == 0] = _NEVER
    return groups


def popularity_percentiles(counts: np.ndarray) -> np.ndarray:
    """[num_items] float64: (|items with fewer events| + |items with as many| / 2) / |items|."""
    return (stats.rankdata(counts) - 0.5) / len(counts)
