"""Accuracy metrics, each defined once: a value per query, from the ranks of its relevant items.

`rank` is an item's place in the ranking of the full catalogue, 1 for the best. A user counts by
the mean of its queries, whatever their number.
"""

from collections.abc import Iterable

import numpy as np

from components.evaluator.ranking import Ranking
from schemas.metrics import LIST_LENGTH, NDCG_CUTOFFS


def recall(ranking: Ranking, k: int) -> np.ndarray:
    """Recall@k = |relevant items with rank <= k| / min(k, |relevant items|), [num_queries]."""
    found = _sum_by_query(ranking, ranking.ranks <= k)
    return found / np.minimum(k, _sizes(ranking))


def hit_rate(ranking: Ranking, k: int) -> np.ndarray:
    """HitRate@k = 1 where any relevant item has rank <= k, else 0, [num_queries]."""
    return (_best_rank(ranking) <= k).astype(np.float64)


def ndcg(ranking: Ranking, k: int) -> np.ndarray:
    """NDCG@k with binary gain (Järvelin and Kekäläinen, 2002), [num_queries].

    DCG@k = sum over relevant items with rank <= k of 1 / log2(1 + rank), divided by that of the
    best possible ranking, sum over i = 1..min(k, |relevant items|) of 1 / log2(1 + i).
    """
    gain = np.where(ranking.ranks <= k, 1.0 / np.log2(1.0 + ranking.ranks), 0.0)
    ideal = np.cumsum(1.0 / np.log2(1.0 + np.arange(1, k + 1)))
    return _sum_by_query(ranking, gain) / ideal[np.minimum(k, _sizes(ranking)) - 1]


def reciprocal_rank(ranking: Ranking) -> np.ndarray:
    """MRR's summand: 1 / the best rank of a relevant item, without a cutoff, [num_queries]."""
    return 1.0 / _best_rank(ranking)


def average_precision(ranking: Ranking, k: int) -> np.ndarray:
    """AP@k, MAP's summand, [num_queries].

    Sum over relevant items with rank <= k of the precision at their rank (the j-th best of them
    has j / rank), divided by min(k, |relevant items|).
    """
    place = np.arange(len(ranking.ranks)) + 1 - np.repeat(ranking.offsets[:-1], _sizes(ranking))
    precision = np.where(ranking.ranks <= k, place / ranking.ranks, 0.0)
    return _sum_by_query(ranking, precision) / np.minimum(k, _sizes(ranking))


def accuracy(ranking: Ranking, cutoffs: Iterable[int]) -> dict[str, np.ndarray]:
    """Every metric of `schemas.metrics.accuracy_names`, [num_queries] float64."""
    by_query = {f"recall@{k}": recall(ranking, k) for k in sorted({*cutoffs, LIST_LENGTH})}
    by_query[f"hit_rate@{LIST_LENGTH}"] = hit_rate(ranking, LIST_LENGTH)
    by_query |= {f"ndcg@{k}": ndcg(ranking, k) for k in NDCG_CUTOFFS}
    by_query["mrr"] = reciprocal_rank(ranking)
    by_query[f"map@{LIST_LENGTH}"] = average_precision(ranking, LIST_LENGTH)
    return by_query


def mean_by_user(values: np.ndarray, users: np.ndarray) -> np.ndarray:
    """[num_users] float64: the mean of each user's queries, users in the order of their codes."""
    _, index = np.unique(users, return_inverse=True)
    return np.bincount(index, weights=values) / np.bincount(index)


def _sizes(ranking: Ranking) -> np.ndarray:
    return np.diff(ranking.offsets)


def _best_rank(ranking: Ranking) -> np.ndarray:
    return ranking.ranks[ranking.offsets[:-1]]


def _sum_by_query(ranking: Ranking, values: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values.astype(np.float64), ranking.offsets[:-1])
