"""Signs of an embedding space gone wrong: norms, dimensions that do nothing, hubs."""

from typing import Any

import numpy as np
from scipy import stats

from components.evaluator.columns import NO_ITEM

# A dimension whose spread is below this share of the widest one's tells items apart no more.
COLLAPSED_SHARE = 0.01
_NORM_PERCENTILES = (1, 50, 99)


def embedding_health(
    queries: np.ndarray, candidates: np.ndarray, top: np.ndarray
) -> dict[str, Any]:
    """What to look at when retrieval is worse than it should be.

    Args:
      queries: [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
      top: [num_queries, k] rows of the catalogue that were recommended, NO_ITEM where fewer.

    Returns:
      JSON values: of `query` and `candidate` embeddings the percentiles of their norms, the number
      of collapsed dimensions and the effective rank; of the lists the hubness.
    """
    return {
        "dim": int(candidates.shape[1]),
        "query": _space(queries),
        "candidate": _space(candidates),
        "hubness": hubness(top, len(candidates)),
    }


def effective_rank(vectors: np.ndarray) -> float:
    """Exp of the entropy of the normalised singular values (Roy and Vetterli, 2007).

    Between 1 (all vectors on a line) and dim (spread evenly), of the centred vectors; 0 where all
    are equal.

    Args:
      vectors: [num_vectors, dim].
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    # The singular values are the roots of the eigenvalues of [dim, dim], which is small.
    eigenvalues = np.linalg.eigvalsh(centred.T @ centred)
    singular = np.sqrt(np.maximum(eigenvalues, 0.0))
    if singular.sum() == 0.0:
        return 0.0
    return float(np.exp(stats.entropy(singular)))


def hubness(top: np.ndarray, num_items: int) -> dict[str, float]:
    """How unevenly candidates turn up in the lists (Radovanović et al., 2010).

    `skewness` is that of N_k, the number of lists that a candidate is in: far above 0, a few hubs
    are near to every query. `top_percent_share` is the share of all places that the most
    recommended 1 % of the catalogue (at least one item) takes.
    """
    counts = np.bincount(top[top != NO_ITEM], minlength=num_items).astype(np.float64)
    skewness = stats.skew(counts) if counts.min() < counts.max() else 0.0
    num_hubs = max(1, num_items // 100)
    share = np.sort(counts)[-num_hubs:].sum() / max(1.0, counts.sum())
    return {"skewness": float(skewness), "top_percent_share": float(share)}


def _space(vectors: np.ndarray) -> dict[str, Any]:
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    spread = vectors.std(axis=0, dtype=np.float64)
    return {
        "norm": {
            f"p{percentile}": float(value)
            for percentile, value in zip(
                _NORM_PERCENTILES, np.percentile(norms, _NORM_PERCENTILES), strict=True
            )
        },
        "collapsed_dimensions": int((spread <= COLLAPSED_SHARE * spread.max()).sum()),
        "effective_rank": effective_rank(vectors),
    }
