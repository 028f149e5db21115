"""The popularity of what is recommended beside the popularity of what is consumed."""

from typing import Any

import numpy as np

from components.evaluator.columns import NO_ITEM
from components.evaluator.groups import item_popularity, popularity_labels
from components.evaluator.list_metrics import gini, popularity_percentiles


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
    groups = item_popularity(counts)
    percentiles = popularity_percentiles(counts)
    return {
        "recommended": _profile(top[top != NO_ITEM], groups, percentiles),
        "consumed": _profile(consumed, groups, percentiles),
    }


def _profile(items: np.ndarray, groups: np.ndarray, percentiles: np.ndarray) -> dict[str, float]:
    labels = popularity_labels()
    shares = np.bincount(groups[items], minlength=len(labels)) / max(1, len(items))
    return {
        **{label: float(share) for label, share in zip(labels, shares, strict=True)},
        "popularity_percentile": float(percentiles[items].mean()) if len(items) else 0.0,
        "gini": gini(np.bincount(items, minlength=len(groups))),
    }
