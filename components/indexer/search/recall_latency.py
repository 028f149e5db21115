"""Measures the recall of a search relative to exact search, and its latency."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.indexer.search.eligible_top_k import eligible_scores, padded_top_k
from components.indexer.search.retrieval import Search
from schemas.serving import PADDING_SCORE

_BATCH = 256
_TIMED_QUERIES = 64
_ROUNDS = 3
# Inner products that are summed in a different order differ by less than this fraction.
_TIE_TOLERANCE = 1e-6

# Items (rows or ids) and scores, both [num_queries, k].
Ranking = tuple[npt.NDArray[Any], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class TuningQueries:
    """Held-out queries and the items that must not be returned to them.

    Attributes:
      embedding: [num_queries, dim] float32.
      exclude_rows: [num_queries, num_excluded] int32, padded with -1.
      user: [num_queries] int64, the user of each query; None if each query has its own.
    """

    embedding: npt.NDArray[np.float32]
    exclude_rows: npt.NDArray[np.int32]
    user: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.embedding)

    @property
    def users(self) -> npt.NDArray[np.int64]:
        """The [num_queries] user of each query."""
        return np.arange(len(self)) if self.user is None else self.user

    def halves(self) -> tuple["TuningQueries", "TuningQueries"]:
        """Returns the tuning half and the test half, which have no user in common.

        The users alternate between the halves in the order of their first query. Of an odd number
        of users, the last one is in the test half; a single user is in both.
        """
        _, first, index = np.unique(self.users, return_index=True, return_inverse=True)
        num_users = len(first)
        if num_users < 2:
            return self, self
        number = np.argsort(np.argsort(first))[index]
        is_tuning = (number % 2 == 0) & (number < num_users - num_users % 2)
        return self._where(is_tuning), self._where(~is_tuning)

    def _where(self, is_selected: npt.NDArray[np.bool_]) -> "TuningQueries":
        return TuningQueries(
            self.embedding[is_selected], self.exclude_rows[is_selected], self.users[is_selected]
        )


def search_top_k(search: Search, queries: TuningQueries, k: int, fetch: int) -> Ranking:
    """Searches the k best items of each query that are not excluded.

    Args:
      search: The search.
      queries: The queries.
      k: Number of items per query.
      fetch: Number of items that are fetched before exclusion.

    Returns:
      Rows [num_queries, k] int32, padded with -1, and scores [num_queries, k] float32.
    """
    parts = []
    for start in range(0, len(queries), _BATCH):
        exclude = tf.constant(queries.exclude_rows[start : start + _BATCH], tf.int32)
        rows, scores = search(
            tf.constant(queries.embedding[start : start + _BATCH]), tf.constant(fetch)
        )
        eligible = eligible_scores(rows, scores, exclude)
        ks = tf.fill([tf.shape(exclude)[0]], k)
        answer = padded_top_k(rows, eligible, ks, tf.constant(k))
        parts.append([part.numpy() for part in answer])
    all_rows, all_scores = zip(*parts, strict=True)
    return np.concatenate(all_rows), np.concatenate(all_scores)


def recalls(found: Ranking, exact: Ranking) -> npt.NDArray[np.float64]:
    """Returns the recall of each query relative to exact search.

    An item whose score equals the last exact score counts as found: items with equal features have
    equal embeddings, and exact search returns an arbitrary one of them.

    Args:
      found: The ranking to measure; the score of padding is the lowest float.
      exact: The ranking of exact search for the same queries.

    Returns:
      [num_queries] float64; 1.0 for queries without any exact result.
    """
    rows = zip(*found, *exact, strict=True)
    return np.array([_recall(*row) for row in rows], np.float64)


def _recall(
    found: npt.NDArray[Any],
    scores: npt.NDArray[np.float32],
    exact: npt.NDArray[Any],
    exact_scores: npt.NDArray[np.float32],
) -> float:
    is_item = exact_scores > PADDING_SCORE
    if not is_item.any():
        return 1.0
    item_scores = exact_scores[is_item]
    lowest = item_scores.min() - _TIE_TOLERANCE * np.abs(item_scores).max()
    hits = (scores > PADDING_SCORE) & (np.isin(found, exact[is_item]) | (scores >= lowest))
    return min(1.0, hits.sum() / len(item_scores))


def latency_ms(search: Search, queries: TuningQueries, fetch: int) -> float:
    """Measures the mean latency of the search of a single query, without exclusions.

    All queries run sequentially in one graph, because a call from Python takes longer than a
    search and a model server makes no such call. The result is the minimum of several rounds,
    because other load on the machine only increases the time.

    Args:
      search: The search.
      queries: The queries; the first _TIMED_QUERIES are used.
      fetch: Number of items that are fetched per query.

    Returns:
      Milliseconds per query.
    """
    embedding = tf.constant(queries.embedding[:_TIMED_QUERIES])
    num_queries = len(embedding)

    @tf.function(autograph=False)
    def search_sequentially() -> tf.Tensor:
        def search_one(row: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            _, scores = search(embedding[row : row + 1], tf.constant(fetch))
            return row + 1, total + tf.reduce_sum(scores)

        return tf.while_loop(
            lambda row, _: row < num_queries, search_one, (0, 0.0), parallel_iterations=1
        )[1]

    search_sequentially()
    seconds = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        search_sequentially()
        seconds.append(time.perf_counter() - begin)
    return min(seconds) / num_queries * 1000
