"""Compares the popularity of recommended items with that of consumed items."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import NO_ITEM
from components.evaluator.item_popularity import (
    POPULARITY_CLASSES,
    popularity_class,
    popularity_percentiles,
)
from components.evaluator.list_metrics import gini


def popularity_profiles(
    top: npt.NDArray[np.int64], consumed: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """Computes the popularity profiles of the recommended and of the consumed items.

    A model with popularity bias recommends more head items than users consume.

    Args:
      top: [num_queries, k] int64, recommended rows of the catalogue; unfilled places are NO_ITEM.
      consumed: [num_targets] int64, rows of the catalogue, the items of the held-out events.
      counts: [num_items] int64, training events of each item.

    Returns:
      JSON values for `recommended` and `consumed`: the share of head, middle, tail and
      never_trained items, the mean popularity percentile, and the Gini index over the catalogue.
    """
    classes = popularity_class(counts)
    percentiles = popularity_percentiles(counts)
    return {
        "recommended": _profile(top[top != NO_ITEM], classes, percentiles),
        "consumed": _profile(consumed, classes, percentiles),
    }


def _profile(
    items: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    percentiles: npt.NDArray[np.float64],
) -> dict[str, float]:
    shares = np.bincount(classes[items], minlength=len(POPULARITY_CLASSES)) / max(1, len(items))
    return {
        **{label: float(share) for label, share in zip(POPULARITY_CLASSES, shares, strict=True)},
        "popularity_percentile": float(percentiles[items].mean()) if len(items) else 0.0,
        "gini": gini(np.bincount(items, minlength=len(classes))),
    }
