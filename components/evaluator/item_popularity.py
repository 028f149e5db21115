"""The popularity of items in the training split: head, middle and tail, and percentiles."""

import numpy as np
import numpy.typing as npt
from scipy import stats

POPULARITY_CLASSES = ("head", "middle", "tail", "never_trained")
_HEAD, _MIDDLE, _TAIL, _NEVER = range(4)


def popularity_class(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Assigns each item to the head, middle or tail of the catalogue, or to `never_trained`.

    Items are sorted by descending number of training events; head, middle and tail each contain
    about a third of the events. An item belongs to the third that contains its first event, so the
    most popular item is always in the head.

    Args:
      counts: [num_items] int64, training events of each item.

    Returns:
      [num_items] int64, indices into POPULARITY_CLASSES.

    Example:
      12 events; sorted: 4 | 2, 2 | 2, 1, 1.

      >>> popularity_class(np.array([1, 0, 4, 2, 2, 1, 2])).tolist()
      [2, 3, 0, 1, 1, 2, 2]
    """
    order = np.argsort(-counts, kind="stable")
    num_events_before = np.cumsum(counts[order]) - counts[order]
    third = 3 * num_events_before // max(1, counts.sum())
    classes = np.empty(len(counts), np.int64)
    classes[order] = np.minimum(third, _TAIL)
    classes[counts == 0] = _NEVER
    return classes


def popularity_percentiles(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Computes the share of the catalogue that is less popular than each item.

    percentile(i) = (|items with fewer events| + |items with as many events, i included| / 2)
    / |items|.

    Args:
      counts: [num_items] int64, training events of each item.

    Returns:
      [num_items] float64, in (0, 1), with mean 0.5.

    Example:
      >>> popularity_percentiles(np.array([0, 5, 5, 9])).tolist()
      [0.125, 0.5, 0.5, 0.875]
    """
    return (stats.rankdata(counts) - 0.5) / len(counts)
