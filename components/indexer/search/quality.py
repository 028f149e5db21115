"""Recall of a search against exact search, and the time it takes."""

import time
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.indexer.search import select
from components.indexer.search.retrieval import Search
from schemas.serving import PADDING_SCORE

_BATCH = 256
_TIMED_QUERIES = 64
_ROUNDS = 3
# Inner products of equal vectors, added up in another order, differ by less than this share.
_TIE = 1e-6

Ranking = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Queries:
    """Held-out queries with what each may not be answered.

    Attributes:
      embedding: [num_queries, dim] float32.
      exclude_rows: [num_queries, X] int32, -1 for none.
    """

    embedding: np.ndarray
    exclude_rows: np.ndarray

    def __len__(self) -> int:
        return len(self.embedding)

    def halves(self) -> tuple["Queries", "Queries"]:
        """One half to choose on, the other to report on; a single query is both."""
        middle = max(1, len(self) // 2)
        rest = middle if len(self) > 1 else 0
        return (
            Queries(self.embedding[:middle], self.exclude_rows[:middle]),
            Queries(self.embedding[rest:], self.exclude_rows[rest:]),
        )


def top(search: Search, queries: Queries, k: int, fetch: int) -> Ranking:
    """What `search` answers after exclusions.

    Returns:
      Rows [num_queries, k] int32, -1 where none is left, and scores [num_queries, k] float32.
    """
    parts = []
    for start in range(0, len(queries), _BATCH):
        exclude = tf.constant(queries.exclude_rows[start : start + _BATCH], tf.int32)
        rows, scores = search(
            tf.constant(queries.embedding[start : start + _BATCH]), tf.constant(fetch)
        )
        eligible = select.eligible_scores(rows, scores, exclude)
        wanted = tf.fill([tf.shape(exclude)[0]], k)
        answer = select.take_best(rows, eligible, wanted, tf.constant(k))
        parts.append([part.numpy() for part in answer])
    all_rows, all_scores = zip(*parts, strict=True)
    return np.concatenate(all_rows), np.concatenate(all_scores)


def recalls(found: Ranking, exact: Ranking) -> np.ndarray:
    """Share of the exact answers that were found, query by query.

    Items that score as the last of the exact answers does are as good: catalogues hold items that
    differ in nothing the model knows, and which of them an exact search answers is chance.

    Args:
      found: Rows or ids, and scores, both [num_queries, k]; the lowest float where there is none.
      exact: The same.

    Returns:
      [num_queries] float64; 1.0 where nothing was to be found.
    """
    pairs = zip(*found, *exact, strict=True)
    return np.array([_recall(*pair) for pair in pairs], np.float64)


def _recall(
    found: np.ndarray, scores: np.ndarray, exact: np.ndarray, exact_scores: np.ndarray
) -> float:
    is_wanted = exact_scores > PADDING_SCORE
    if not is_wanted.any():
        return 1.0
    wanted = exact_scores[is_wanted]
    least = wanted.min() - _TIE * np.abs(wanted).max()
    hits = (scores > PADDING_SCORE) & (np.isin(found, exact[is_wanted]) | (scores >= least))
    return min(1.0, hits.sum() / len(wanted))


def latency_ms(search: Search, queries: Queries, fetch: int) -> float:
    """Time of the bare search of one query, queries one after the other.

    They run in one graph: a call from Python costs more than a search, and a model server does
    not make it. The least of several rounds: what else the machine does only adds.
    """
    embedding = tf.constant(queries.embedding[:_TIMED_QUERIES])
    num_queries = len(embedding)

    @tf.function(autograph=False)
    def one_by_one() -> tf.Tensor:
        def one(row: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            _, scores = search(embedding[row : row + 1], tf.constant(fetch))
            return row + 1, total + tf.reduce_sum(scores)

        return tf.while_loop(
            lambda row, _: row < num_queries, one, (0, 0.0), parallel_iterations=1
        )[1]

    one_by_one()
    seconds = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        one_by_one()
        seconds.append(time.perf_counter() - begin)
    return min(seconds) / num_queries * 1000
