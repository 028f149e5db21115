"""Accuracy metrics of a ranking: one value per query, computed from the ranks of relevant items.

Notation: rel(q) is the set of relevant items of query q, and rank(i) the 1-based position of item
i when all candidates of q are sorted by descending score. The candidates are the full catalogue
without the items that are excluded for q; no negatives are sampled. Among candidates with equal
scores, relevant items come after all others, so ties never improve a metric (see
`components.evaluator.ranking.Ranking`).

A metric of the evaluation is the mean of its per-query values over each user's queries, and then
the mean over users: every user has the same weight, regardless of the number of queries.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from components.evaluator.ranking import Ranking
from schemas.metrics import LIST_LENGTH, NDCG_CUTOFFS


def recall(ranking: Ranking, k: int) -> npt.NDArray[np.float64]:
    """Recall@k: the number of relevant items in the top k, divided by its largest possible value.

    Recall@k(q) = |{i in rel(q): rank(i) <= k}| / min(k, |rel(q)|), as in Liang et al. (2018),
    "Variational Autoencoders for Collaborative Filtering", https://arxiv.org/abs/1802.05814. The
    textbook definition divides by |rel(q)|. With one relevant item per query, both equal HitRate@k.

    Returns:
      [num_queries] float64, in [0, 1].

    Example:
      The relevant items of the first query have the ranks 1, 4 and 30, that of the second rank 2.

      >>> offsets, no_lists = np.array([0, 3, 4]), np.empty((2, 0), np.int64)
      >>> ranking = Ranking(np.array([1, 4, 30, 2]), offsets, no_lists)
      >>> recall(ranking, 10).round(4).tolist()  # 2 / min(10, 3), 1 / 1
      [0.6667, 1.0]
      >>> recall(ranking, 2).tolist()  # 1 / min(2, 3), 1 / 1
      [0.5, 1.0]
    """
    num_hits = _sum_by_query(ranking, ranking.ranks <= k)
    return num_hits / np.minimum(k, _num_relevant(ranking))


def hit_rate(ranking: Ranking, k: int) -> npt.NDArray[np.float64]:
    """HitRate@k: 1 if at least one relevant item has rank <= k, otherwise 0.

    Returns:
      [num_queries] float64.

    Example:
      >>> offsets, no_lists = np.array([0, 3, 4]), np.empty((2, 0), np.int64)
      >>> ranking = Ranking(np.array([1, 4, 30, 2]), offsets, no_lists)
      >>> hit_rate(ranking, 1).tolist()
      [1.0, 0.0]
    """
    return (_best_rank(ranking) <= k).astype(np.float64)


def ndcg(ranking: Ranking, k: int) -> npt.NDArray[np.float64]:
    """NDCG@k with binary relevance (Järvelin and Kekäläinen, 2002).

    DCG@k(q) = sum of 1 / log2(1 + rank(i)) over i in rel(q) with rank(i) <= k. NDCG@k divides it by
    the DCG@k of an ideal ranking, sum of 1 / log2(1 + j) over j = 1..min(k, |rel(q)|).

    Returns:
      [num_queries] float64, in [0, 1].

    Example:
      >>> offsets, no_lists = np.array([0, 3, 4]), np.empty((2, 0), np.int64)
      >>> ranking = Ranking(np.array([1, 4, 30, 2]), offsets, no_lists)
      >>> bool(np.isclose(ndcg(ranking, 3)[0], 1 / (1 + 1 / np.log2(3) + 1 / np.log2(4))))
      True
      >>> ndcg(ranking, 10).round(4).tolist()  # 1.4307 / 2.1309, (1 / log2(3)) / 1
      [0.6714, 0.6309]
    """
    gain = np.where(ranking.ranks <= k, 1.0 / np.log2(1.0 + ranking.ranks), 0.0)
    ideal = np.cumsum(1.0 / np.log2(1.0 + np.arange(1, k + 1)))
    return _sum_by_query(ranking, gain) / ideal[np.minimum(k, _num_relevant(ranking)) - 1]


def reciprocal_rank(ranking: Ranking) -> npt.NDArray[np.float64]:
    """Reciprocal rank, 1 / min of rank(i) over i in rel(q), without a cutoff (Voorhees, 1999).

    Its mean is MRR, the mean reciprocal rank.

    Returns:
      [num_queries] float64, in (0, 1].

    Example:
      >>> offsets, no_lists = np.array([0, 3, 4]), np.empty((2, 0), np.int64)
      >>> ranking = Ranking(np.array([1, 4, 30, 2]), offsets, no_lists)
      >>> reciprocal_rank(ranking).tolist()
      [1.0, 0.5]
    """
    return 1.0 / _best_rank(ranking)


def average_precision(ranking: Ranking, k: int) -> npt.NDArray[np.float64]:
    """Average precision at k; its mean is MAP@k.

    AP@k(q) = sum of j / rank_j over the relevant items with rank_j <= k, divided by
    min(k, |rel(q)|), where rank_j is the j-th smallest rank of a relevant item, so that j / rank_j
    is the precision at that rank.

    Returns:
      [num_queries] float64, in [0, 1].

    Example:
      >>> offsets, no_lists = np.array([0, 3, 4]), np.empty((2, 0), np.int64)
      >>> ranking = Ranking(np.array([1, 4, 30, 2]), offsets, no_lists)
      >>> average_precision(ranking, 10).tolist()  # (1 / 1 + 2 / 4) / 3, (1 / 2) / 1
      [0.5, 0.5]
    """
    num_relevant = _num_relevant(ranking)
    j = np.arange(len(ranking.ranks)) + 1 - np.repeat(ranking.offsets[:-1], num_relevant)
    precision = np.where(ranking.ranks <= k, j / ranking.ranks, 0.0)
    return _sum_by_query(ranking, precision) / np.minimum(k, num_relevant)


def accuracy(ranking: Ranking, cutoffs: Iterable[int]) -> dict[str, npt.NDArray[np.float64]]:
    """Computes every metric of `schemas.metrics.accuracy_names(cutoffs)`.

    Args:
      ranking: The ranks of the relevant items of each query.
      cutoffs: Values of k for Recall@k; LIST_LENGTH is added to them.

    Returns:
      For each metric, its values per query, [num_queries] float64.
    """
    by_query = {f"recall@{k}": recall(ranking, k) for k in sorted({*cutoffs, LIST_LENGTH})}
    by_query[f"hit_rate@{LIST_LENGTH}"] = hit_rate(ranking, LIST_LENGTH)
    by_query |= {f"ndcg@{k}": ndcg(ranking, k) for k in NDCG_CUTOFFS}
    by_query["mrr"] = reciprocal_rank(ranking)
    by_query[f"map@{LIST_LENGTH}"] = average_precision(ranking, LIST_LENGTH)
    return by_query


def mean_by_user(
    values: npt.NDArray[np.float64], users: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Averages per-query values over the queries of each user.

    Args:
      values: [num_queries] float64.
      users: [num_queries] int64, user codes.

    Returns:
      [num_users] float64, in ascending order of the user codes.

    Example:
      >>> mean_by_user(np.array([1.0, 0.0, 1.0]), users=np.array([7, 7, 2])).tolist()
      [1.0, 0.5]
    """
    _, index = np.unique(users, return_inverse=True)
    return np.bincount(index, weights=values) / np.bincount(index)


def _num_relevant(ranking: Ranking) -> npt.NDArray[np.int64]:
    return np.diff(ranking.offsets)


def _best_rank(ranking: Ranking) -> npt.NDArray[np.int64]:
    return ranking.ranks[ranking.offsets[:-1]]


def _sum_by_query(
    ranking: Ranking, values: npt.NDArray[np.bool_] | npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.add.reduceat(values.astype(np.float64), ranking.offsets[:-1])
