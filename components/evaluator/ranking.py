"""Ranks the relevant items of each query among the whole catalogue, chunk by chunk."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.evaluator.history import ranges
from components.evaluator.queries import Queries
from components.evaluator.top_lists import best_items
from schemas.metrics import LIST_LENGTH

# Scores of some queries, a slice of them: [len(slice), num_items] float32 of its own.
Scorer = Callable[[slice], np.ndarray]

_SCORES_PER_CHUNK = 2**24
# Queries ranked by one thread at a time: few enough for its cache, many enough for few calls.
_QUERIES_PER_PART = 32


@dataclass(frozen=True)
class Ranking:
    """How one model or baseline ranked the catalogue for some queries.

    Attributes:
      ranks: [num_relevant] int64, query after query and ascending within each: the places of its
        relevant items, 1 is best. The j-th best of them has the rank j + the number of other
        candidates that score at least as high: ties count against the model.
      offsets: [num_queries + 1] int64: those of query q stand at offsets[q]:offsets[q + 1].
      top: [num_queries, top_k] int64, the best candidates as rows of the catalogue, NO_ITEM where
        fewer are left.
    """

    ranks: np.ndarray
    offsets: np.ndarray
    top: np.ndarray

    def select(self, keep: np.ndarray) -> "Ranking":
        """The ranking of the queries where `keep` ([num_queries] bool) is true."""
        _, index = ranges(self.offsets[:-1][keep], self.offsets[1:][keep])
        offsets = np.concatenate([[0], np.cumsum(np.diff(self.offsets)[keep])])
        return Ranking(self.ranks[index], offsets, self.top[keep])


def rank_queries(
    scorer: Scorer,
    queries: Queries,
    num_items: int,
    top_k: int = LIST_LENGTH,
    chunk_size: int | None = None,
) -> Ranking:
    """Ranks the full catalogue for every query, minus what its user had already seen.

    Memory holds the scores of two chunks, whatever the number of queries.

    Args:
      scorer: Gives the scores of a slice of the queries.
      queries: The relevant items, and what to leave out for each.
      num_items: Rows of the catalogue.
      top_k: How many of the best candidates to keep a query; of those that score the same, lower
        rows first.
      chunk_size: Queries scored at a time; by default so many that their scores take 64 MB.

    Raises:
      FloatingPointError: A score is NaN, or that of a relevant item is not finite.
    """
    chunk_size = chunk_size or max(1, _SCORES_PER_CHUNK // num_items)
    ranks = np.empty(len(queries.item), np.int64)
    top = np.empty((len(queries), top_k), np.int64)
    num_threads = os.cpu_count() or 1
    # Made once: fresh memory for every chunk costs more than what is computed in it.
    is_above = np.empty((min(chunk_size, len(queries)), num_items), bool)

    def rank(scores: np.ndarray, rows: slice, part: slice) -> None:
        in_chunk = slice(part.start - rows.start, part.stop - rows.start)
        relevant = slice(queries.offsets[part.start], queries.offsets[part.stop])
        top[part] = best_items(scores[in_chunk], queries.seen.pairs(part), top_k)
        ranks[relevant] = _ranks(scores[in_chunk], queries, part, is_above[in_chunk])

    # NumPy lets go of the interpreter: a chunk is ranked while the next one is scored.
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(num_threads) as threads:
        for rows in _cut(slice(0, len(queries)), chunk_size):
            scores = scorer(rows)
            _wait(pending)
            parts = _cut(rows, _QUERIES_PER_PART)
            pending = [threads.submit(rank, scores, rows, part) for part in parts]
        _wait(pending)
    return Ranking(ranks, queries.offsets, top)


def dot_product(queries: np.ndarray, candidates: np.ndarray) -> Scorer:
    """Scores by the dot product of [num_queries, dim] and [num_items, dim] float32.

    Raises:
      FloatingPointError: The vectors are so long that their products overflow.
    """
    longest = [
        np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0)
        for vectors in (queries, candidates)
    ]
    if longest[0] * longest[1] >= np.finfo(np.float32).max:
        raise FloatingPointError(
            f"query and candidate embeddings of length {longest[0]:.3g} and {longest[1]:.3g} "
            "overflow when multiplied: training diverged; lower train.learning_rate"
        )
    # TensorFlow's product of a few hundred rows takes three quarters of the time of NumPy's.
    rows_of_queries = tf.constant(queries, tf.float32)
    transposed = tf.constant(candidates.T, tf.float32)
    return lambda rows: np.asarray(tf.linalg.matmul(rows_of_queries[rows], transposed))


def _ranks(scores: np.ndarray, queries: Queries, rows: slice, is_above: np.ndarray) -> np.ndarray:
    """The ranks of the relevant items of some queries, query after query, best first.

    Args:
      scores: [len(rows), num_items] float32 of these queries.
      queries: All queries.
      rows: Which of them.
      is_above: [len(rows), num_items] bool, to work in.

    Returns:
      [num_relevant of these queries] int64.
    """
    offsets = queries.offsets[rows.start : rows.stop + 1] - queries.offsets[rows.start]
    item = queries.item[queries.offsets[rows.start] : queries.offsets[rows.stop]]
    row = np.repeat(np.arange(len(scores)), np.diff(offsets))
    score = scores[row, item]
    if not np.isfinite(score).all():
        raise FloatingPointError(
            f"the score of a relevant item among queries {rows.start} to {rows.stop} is not finite"
        )
    score = score[np.lexsort((-score, row))]
    lowest = score[offsets[1:] - 1]
    np.greater_equal(scores, lowest[:, np.newaxis], out=is_above)
    # By id, whatever they score: what remains are the others.
    is_above[row, item] = False
    is_above[queries.seen.pairs(rows)] = False
    ranks = np.arange(len(item)) - offsets[row] + 1
    for at, (first, last) in enumerate(itertools.pairwise(offsets)):
        ranks[first:last] += _num_at_least(scores[at], is_above[at], score[first:last])
    return ranks


def _num_at_least(
    scores: np.ndarray, is_above: np.ndarray, thresholds: np.ndarray
) -> np.ndarray | int:
    """How many others of a query reach each threshold, given which reach the last and lowest."""
    if len(thresholds) == 1:
        return np.count_nonzero(is_above)
    above = np.sort(scores[is_above])
    return len(above) - np.searchsorted(above, thresholds)


def _cut(rows: slice, size: int) -> list[slice]:
    """The rows, so many at a time."""
    starts = range(rows.start, rows.stop, size)
    return [slice(start, min(start + size, rows.stop)) for start in starts]


def _wait(pending: list[Future[None]]) -> None:
    for future in pending:
        future.result()
