"""Diagnostics of an embedding space: norms, collapsed dimensions, effective rank and hubness."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from components.evaluator.columns import NO_ITEM

# A dimension is collapsed if its standard deviation is at most this share of the largest one.
COLLAPSED_SHARE = 0.01
_NORM_PERCENTILES = (1, 50, 99)


def embedding_health(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    top: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """Computes the diagnostics of a model's embeddings and recommended lists.

    Args:
      queries: [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
      top: [num_queries, k] int64, recommended rows of the catalogue; unfilled places are NO_ITEM.

    Returns:
      JSON values: the dimension `dim`; for the `query` and `candidate` embeddings the percentiles
      of their norms, the number of collapsed dimensions, the effective rank and the spread; and the
      hubness of the lists.
    """
    return {
        "dim": int(candidates.shape[1]),
        "query": _embedding_statistics(queries),
        "candidate": _embedding_statistics(candidates),
        "hubness": hubness(top, len(candidates)),
    }


def effective_rank(vectors: npt.NDArray[np.floating[Any]]) -> float:
    """Effective rank (Roy and Vetterli, 2007) of the centred vectors.

    exp(H), where H is the entropy of the singular values divided by their sum. It is between 1 (all
    vectors on a line) and dim (equal variance in all directions), and 0 if all vectors are equal.

    Args:
      vectors: [num_vectors, dim].

    Example:
      >>> corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
      >>> round(effective_rank(corners), 6)
      2.0
      >>> round(effective_rank(corners * [1.0, 0.0]), 6)
      1.0
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    # Singular values as roots of the eigenvalues of a [dim, dim] matrix, which is small.
    eigenvalues = np.linalg.eigvalsh(centred.T @ centred)
    singular = np.sqrt(np.maximum(eigenvalues, 0.0))
    if singular.sum() == 0.0:
        return 0.0
    return float(np.exp(stats.entropy(singular)))


def spread(vectors: npt.NDArray[np.floating[Any]]) -> float:
    """Returns the variance of vectors as a share of their mean squared norm.

    It is between 0 (all vectors are equal) and 1 (their mean is 0). For vectors of norm 1, it is
    one minus the squared length of their mean.

    Args:
      vectors: [num_vectors, dim].

    Example:
      >>> spread(np.array([[1.0, 1.0], [1.0, -1.0]]))
      0.5
    """
    precise = vectors.astype(np.float64)
    mean_square = float((precise**2).sum(axis=1).mean())
    return float(precise.var(axis=0).sum()) / mean_square if mean_square > 0.0 else 0.0


def hubness(top: npt.NDArray[np.int64], num_items: int) -> dict[str, float]:
    """Hubness of the recommended lists (Radovanović et al., 2010).

    N_k(i) is the number of lists that contain item i. If its skewness is far above 0, a few items
    (hubs) are near to every query.

    Args:
      top: [num_queries, k] int64, recommended rows of the catalogue; unfilled places are NO_ITEM.
      num_items: Number of items in the catalogue.

    Returns:
      `skewness` of N_k, 0 if N_k is constant; `top_percent_share`, the share of all recommendations
      that the most recommended 1 % of the catalogue (at least one item) has.

    Example:
      Four lists of two items: item 0 is in all lists, the items 1 to 4 are in one each. N_k has the
      values 4, 1, 1, 1, 1.

      >>> values = hubness(np.array([[0, 1], [0, 2], [0, 3], [0, 4]]), num_items=5)
      >>> round(values["skewness"], 6), values["top_percent_share"]
      (1.5, 0.5)
    """
    counts = np.bincount(top[top != NO_ITEM], minlength=num_items).astype(np.float64)
    skewness = stats.skew(counts) if counts.min() < counts.max() else 0.0
    num_hubs = max(1, num_items // 100)
    share = np.sort(counts)[-num_hubs:].sum() / max(1.0, counts.sum())
    return {"skewness": float(skewness), "top_percent_share": float(share)}


def _embedding_statistics(vectors: npt.NDArray[np.float32]) -> dict[str, Any]:
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    deviation = vectors.std(axis=0, dtype=np.float64)
    return {
        "norm": {
            f"p{percentile}": float(value)
            for percentile, value in zip(
                _NORM_PERCENTILES, np.percentile(norms, _NORM_PERCENTILES), strict=True
            )
        },
        "collapsed_dimensions": int((deviation <= COLLAPSED_SHARE * deviation.max()).sum()),
        "effective_rank": effective_rank(vectors),
        "spread": spread(vectors),
    }
