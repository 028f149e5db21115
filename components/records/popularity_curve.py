"""The distribution of events over items, in a form of bounded size."""

from collections.abc import Iterable
from typing import Any

import numpy as np

MAX_POINTS = 60
# Shares of the items, by popularity, whose share of the events is stated.
_TOP_SHARES = (0.01, 0.1, 0.5)


def popularity_curve(counts: Iterable[int]) -> dict[str, Any]:
    """Returns the numbers of events of items by rank, and the shares of the most popular items.

    Args:
      counts: The number of events of each item.

    Returns:
      `ranks`: pairs of rank and number of events, at most MAX_POINTS, evenly spaced on a
      logarithmic scale; `top`: pairs of a share of the items and their share of the events.

    Example:
      Of 20 items, two have 50 events each and 18 have one.

      >>> curve = popularity_curve([50, 50, *[1] * 18])
      >>> curve["ranks"][:3], curve["top"][1]
      ([[1, 50], [2, 50], [3, 1]], [0.1, 0.847458])
    """
    ordered = -np.sort(-np.fromiter(counts, np.int64))
    if not len(ordered):
        return {"ranks": [], "top": []}
    ranks = np.unique(np.round(np.geomspace(1, len(ordered), MAX_POINTS)).astype(np.int64))
    before = np.cumsum(ordered)
    top = [
        [share, round(float(before[max(1, round(share * len(ordered))) - 1] / before[-1]), 6)]
        for share in _TOP_SHARES
    ]
    return {
        "ranks": [[int(rank), int(ordered[rank - 1])] for rank in ranks],
        "top": top,
    }
