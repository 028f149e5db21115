"""Ranks the relevant items of each query among all candidates, in chunks of queries.

The candidates of a query are all rows of the catalogue except the items that the query excludes
(`Queries.seen`). Candidates are sorted by descending score.

Ties: a relevant item is ranked after every irrelevant candidate with the same score (pessimistic
ranks), so a model that scores all items equally gets the worst ranks. Recommended lists contain no
relevance information; among equal scores they contain the lower catalogue rows first.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator.history import ranges
from components.evaluator.queries import Queries
from components.evaluator.top_k import Scores, top_k_items
from schemas.metrics import LIST_LENGTH

# Returns the scores of a slice of the queries, [len(slice), num_items], in a new array.
Scorer = Callable[[slice], Scores]

_SCORES_PER_CHUNK = 2**24
# Queries per task of a thread: few enough for the CPU cache, enough to amortize the calls.
_QUERIES_PER_PART = 32


@dataclass(frozen=True)
class Ranking:
    """The ranks and recommended lists that a model or baseline gives for a set of queries.

    Attributes:
      ranks: [num_relevant] int64, the ranks of the relevant items, grouped by query and ascending
        within each query. The j-th best relevant item of a query has the rank j + the number of
        irrelevant candidates with a score at least as high; 1 is the best rank.
      offsets: [num_queries + 1] int64; query q has the ranks ranks[offsets[q]:offsets[q + 1]].
      top: [num_queries, top_k] int64, the recommended rows of the catalogue, best first; NO_ITEM
        where fewer candidates are left.
    """

    ranks: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    top: npt.NDArray[np.int64]

    def select(self, keep: npt.NDArray[np.bool_]) -> "Ranking":
        """The ranking of the queries for which `keep` ([num_queries] bool) is true."""
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
    """Ranks the full catalogue for every query, without the items that the query excludes.

    The scores of at most two chunks are in memory at a time, regardless of the number of queries.

    Args:
      scorer: Computes the scores of a slice of the queries.
      queries: The queries, with their relevant and excluded items.
      num_items: Number of items in the catalogue.
      top_k: Length of the recommended lists; 0 if only the ranks are needed.
      chunk_size: Number of queries to score at a time; by default as many as have 2^24 scores
        (64 MB in float32).

    Raises:
      FloatingPointError: A score is NaN, or the score of a relevant item is not finite.

    Example:
      One query on five items: item 0 is excluded, items 2 and 4 are relevant. Item 4 has the
      highest score of the candidates 1 to 4; item 2 is tied with the items 1 and 3, so its rank is
      2 + 2.

      >>> from components.evaluator.history import SeenItems
      >>> no_items = np.array([], np.int64)
      >>> query = Queries(
      ...     split="test",
      ...     position=np.array([0]),
      ...     user=np.array([0]),
      ...     item=np.array([2, 4]),
      ...     offsets=np.array([0, 2]),
      ...     num_past_events=np.array([1]),
      ...     seen=SeenItems(
      ...         item=np.array([0]),
      ...         start=np.array([0]),
      ...         stop=np.array([1]),
      ...         tied_item=no_items,
      ...         tied_offsets=np.array([0, 0]),
      ...     ),
      ... )
      >>> scores = np.array([[0.9, 0.5, 0.5, 0.5, 0.7]], np.float32)
      >>> ranking = rank_queries(lambda rows: scores[rows].copy(), query, num_items=5, top_k=3)
      >>> ranking.ranks.tolist()
      [1, 4]
      >>> ranking.top.tolist()
      [[4, 1, 2]]
    """
    (ranking,) = rank_exclusions(scorer, [queries], num_items, top_k, chunk_size)
    return ranking


def rank_exclusions(
    scorer: Scorer,
    alternatives: Sequence[Queries],
    num_items: int,
    top_k: int = LIST_LENGTH,
    chunk_size: int | None = None,
) -> list[Ranking]:
    """Ranks queries several times, with different excluded items, and scores them only once.

    Args:
      scorer: Computes the scores of a slice of the queries.
      alternatives: The queries, which differ in `seen` only.
      num_items: Number of items in the catalogue.
      top_k: Length of the recommended lists.
      chunk_size: As in `rank_queries`.

    Returns:
      The ranking of each of `alternatives`, as `rank_queries` returns it.
    """
    queries = alternatives[0]
    chunk_size = chunk_size or max(1, _SCORES_PER_CHUNK // num_items)
    rankings = [
        Ranking(
            np.empty(len(queries.item), np.int64),
            queries.offsets,
            np.empty((len(queries), top_k), np.int64),
        )
        for _ in alternatives
    ]
    num_threads = os.cpu_count() or 1
    # Allocated once: allocating it for every chunk takes longer than the computation.
    is_above = np.empty((min(chunk_size, len(queries)), num_items), bool)

    def rank(scores: Scores, rows: slice, part: slice) -> None:
        in_chunk = slice(part.start - rows.start, part.stop - rows.start)
        relevant = slice(queries.offsets[part.start], queries.offsets[part.stop])
        for each, ranking in zip(alternatives, rankings, strict=True):
            if top_k:
                seen = each.seen.pairs(part)
                ranking.top[part] = top_k_items(scores[in_chunk], seen, top_k)
            ranking.ranks[relevant] = _ranks(scores[in_chunk], each, part, is_above[in_chunk])

    # NumPy releases the interpreter lock, so a chunk is ranked while the next one is scored.
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(num_threads) as threads:
        for rows in _split_rows(slice(0, len(queries)), chunk_size):
            scores = scorer(rows)
            _wait(pending)
            parts = _split_rows(rows, _QUERIES_PER_PART)
            pending = [threads.submit(rank, scores, rows, part) for part in parts]
        _wait(pending)
    return rankings


def dot_product_scorer(
    queries: npt.NDArray[np.float32], candidates: npt.NDArray[np.float32]
) -> Scorer:
    """Returns a scorer that computes the dot products of query and candidate embeddings.

    Args:
      queries: [num_queries, dim] float32.
      candidates: [num_items, dim] float32.

    Raises:
      FloatingPointError: The embeddings are so long that their dot products may overflow.
    """
    longest = [
        np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0)
        for vectors in (queries, candidates)
    ]
    if longest[0] * longest[1] >= np.finfo(np.float32).max:
        raise FloatingPointError(
            f"the dot products of query embeddings of norm {longest[0]:.3g} and candidate "
            f"embeddings of norm {longest[1]:.3g} overflow float32"
        )
    # For a few hundred rows TensorFlow's product takes three quarters of the time of NumPy's.
    query_tensor = tf.constant(queries, tf.float32)
    transposed = tf.constant(candidates.T, tf.float32)
    return lambda rows: np.asarray(tf.linalg.matmul(query_tensor[rows], transposed))


def _ranks(
    scores: Scores, queries: Queries, rows: slice, is_above: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Computes the ranks of the relevant items of a slice of the queries.

    Args:
      scores: [len(rows), num_items], the scores of these queries.
      queries: All queries.
      rows: The slice of the queries to rank.
      is_above: [len(rows), num_items] bool, a buffer that is overwritten.

    Returns:
      [num_relevant of the slice] int64, grouped by query and ascending within each query.
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
    # Relevant and excluded items are removed by id, so that only irrelevant candidates are counted.
    is_above[row, item] = False
    is_above[queries.seen.pairs(rows)] = False
    ranks = np.arange(len(item)) - offsets[row] + 1
    for query, (first, last) in enumerate(itertools.pairwise(offsets)):
        ranks[first:last] += _num_at_least(scores[query], is_above[query], score[first:last])
    return ranks


def _num_at_least(
    scores: Scores, is_above: npt.NDArray[np.bool_], thresholds: Scores
) -> npt.NDArray[np.int64] | int:
    """Counts the irrelevant candidates of a query whose score reaches each threshold.

    Args:
      scores: [num_items], the scores of the query.
      is_above: [num_items] bool, the irrelevant candidates that reach the lowest threshold.
      thresholds: [num_thresholds], in descending order.
    """
    if len(thresholds) == 1:
        return int(np.count_nonzero(is_above))
    above = np.sort(scores[is_above])
    return len(above) - np.searchsorted(above, thresholds)


def _split_rows(rows: slice, size: int) -> list[slice]:
    """Splits a slice into slices of at most `size` rows."""
    starts = range(rows.start, rows.stop, size)
    return [slice(start, min(start + size, rows.stop)) for start in starts]


def _wait(pending: list[Future[None]]) -> None:
    for future in pending:
        future.result()
