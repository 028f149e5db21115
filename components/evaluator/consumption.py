"""The popularity of what is recommended beside the popularity of what is consumed."""

from typing import Any

import numpy as np

from components.evaluator.columns import NO_ITEM
from components.evaluator.item_popularity import (
    POPULARITY_CLASSES,
    popularity_class,
    popularity_percentiles,
)
from components.evaluator.list_metrics import gini


def consumption(top: np.ndarray, consumed: np.ndarray, counts: np.ndarray) -> dict[str, Any]:
    """Whether a model recommends from the same parts of the catalogue that people choose from.

    Args:
      top: [num_queries, k] rows of the catalogue that were recommended, NO_ITEM where fewer.
      consumed: [num_targets] rows of the catalogue that held-out events chose.
      counts: [num_items] int64, training events of each item.

    Returns:
      JSON values of `recommended` and of `consumed`: the share of head, middle, tail and never
      trained items, the mean popularity percentile, and the Gini index over the catalogue.
    """
    groups = popularity_class(counts)
    percentiles = popularity_percentiles(counts)
    return {
        "recommended": _profile(top[top != NO_ITEM], groups, percentiles),
        "consumed": _profile(consumed, groups, percentiles),
    }


def _profile(items: np.ndarray, groups: np.ndarray, percentiles: np.ndarray) -> dict[str, float]:
    shares = np.bincount(groups[items], minlength=len(POPULARITY_CLASSES)) / max(1, len(items))
    return {
        **{label: float(share) for label, share in zip(POPULARITY_CLASSES, shares, strict=True)},
        "popularity_percentile": float(percentiles[items].mean()) if len(items) else 0.0,
        "gini": gini(np.bincount(items, minlength=len(groups))),
    }
