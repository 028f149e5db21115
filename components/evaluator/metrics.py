"""Ranking metrics, each defined once: per target, then a user's mean, then the mean over users.

Every query has one relevant item here; `rank` is its place in the ranking, 1 for the best.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from components.evaluator.columns import NO_ITEM
from components.evaluator.ranking import Ranking
from schemas.metrics import LIST_LENGTH, NDCG_CUTOFFS


def recall(ranks: np.ndarray, k: int) -> np.ndarray:
    """Recall@k = |relevant in the top k| / min(k, |relevant|): 1 where rank <= k, else 0."""
    return (ranks <= k).astype(np.float64)


def hit_rate(ranks: np.ndarray, k: int) -> np.ndarray:
    """HitRate@k = 1 where any relevant item is in the top k; with one relevant item, Recall@k."""
    return recall(ranks, k)


def ndcg(ranks: np.ndarray, k: int) -> np.ndarray:
    """NDCG@k with binary gain (Järvelin and Kekäläinen, 2002).

    DCG@k = sum over relevant items in the top k of 1 / log2(1 + rank), divided by the best
    possible; with one relevant item that is 1 / log2(2) = 1.
    """
    return np.where(ranks <= k, 1.0 / np.log2(1.0 + ranks), 0.0)


def reciprocal_rank(ranks: np.ndarray) -> np.ndarray:
    """MRR's summand: 1 / rank over the full ranking, without a cutoff."""
    return 1.0 / ranks


def average_precision(ranks: np.ndarray, k: int) -> np.ndarray:
    """AP@k = sum of precision at each relevant item in the top k / min(k, |relevant|).

    With one relevant item: 1 / rank where rank <= k, else 0.
    """
    return np.where(ranks <= k, 1.0 / ranks, 0.0)


def coverage(top: np.ndarray, num_items: int) -> float:
    """Catalogue coverage@k = |items recommended to anyone in the top k| / |catalogue|."""
    return len(np.unique(top[top != NO_ITEM])) / num_items


def popularity_percentiles(counts: np.ndarray) -> np.ndarray:
    """[num_items] float64: (|items with fewer events| + |items with as many| / 2) / |items|."""
    ordered = np.sort(counts)
    fewer = np.searchsorted(ordered, counts, side="left")
    at_most = np.searchsorted(ordered, counts, side="right")
    return (fewer + at_most) / (2.0 * len(counts))


def popularity_percentile(top: np.ndarray, percentiles: np.ndarray) -> np.ndarray:
    """Mean popularity percentile@k of the top k items: 0.5 is the average item, 1 the best known.

    Args:
      top: [num_targets, k] rows of the catalogue, NO_ITEM where fewer are left.
      percentiles: [num_items], of `popularity_percentiles`.
    """
    is_item = top != NO_ITEM
    values = np.where(is_item, percentiles[top], 0.0)
    return values.sum(axis=1) / np.maximum(1, is_item.sum(axis=1))


def mean_by_user(values: np.ndarray, users: np.ndarray) -> np.ndarray:
    """[num_users] float64: the mean of each user's targets, users in the order of their codes."""
    _, index = np.unique(users, return_inverse=True)
    return np.bincount(index, weights=values) / np.bincount(index)


@dataclass(frozen=True)
class Measurement:
    """What one ranking is worth.

    Attributes:
      by_target: Each metric that has a value per target, [num_targets] float64.
      by_user: The same averaged over each user's targets, [num_users] float64.
      values: Each metric as one number: the mean over users, or of all lists together.
    """

    by_target: dict[str, np.ndarray]
    by_user: dict[str, np.ndarray]
    values: dict[str, float]


def measure(
    ranking: Ranking, users: np.ndarray, percentiles: np.ndarray, cutoffs: Iterable[int]
) -> Measurement:
    """Computes every metric of a ranking.

    Args:
      ranking: Ranks and top lists.
      users: [num_targets] int64, user codes.
      percentiles: [num_items] float64, popularity percentiles by training events.
      cutoffs: K of Recall@K; 10 is always among them.
    """
    ranks, top = ranking.ranks, ranking.top[:, :LIST_LENGTH]
    by_target = {f"recall@{k}": recall(ranks, k) for k in sorted({*cutoffs, LIST_LENGTH})}
    by_target[f"hit_rate@{LIST_LENGTH}"] = hit_rate(ranks, LIST_LENGTH)
    by_target |= {f"ndcg@{k}": ndcg(ranks, k) for k in NDCG_CUTOFFS}
    by_target["mrr"] = reciprocal_rank(ranks)
    by_target[f"map@{LIST_LENGTH}"] = average_precision(ranks, LIST_LENGTH)
    by_target[f"popularity_percentile@{LIST_LENGTH}"] = popularity_percentile(top, percentiles)
    by_user = {name: mean_by_user(values, users) for name, values in by_target.items()}
    values = {name: float(means.mean()) for name, means in by_user.items()}
    values[f"coverage@{LIST_LENGTH}"] = coverage(top, len(percentiles))
    return Measurement(by_target, by_user, values)
