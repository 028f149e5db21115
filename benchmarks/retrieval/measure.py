"""Exact search in NumPy, recall against it, and search times of single queries and batches."""

import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

BATCH = 256
ROUNDS = 5
_EXACT_QUERIES = 32  # timed per round: exact search is slow, and its latency varies little
_SCORES_AT_A_TIME = 2**24
_WARM_UP = 8

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Search = Callable[[Floats, int], Rows]


class NumpyExactSearch:
    """Exact search by inner product, the reference for recall and time."""

    def __init__(self, items: Floats):
        """Keeps the items, [num_items, dim] float32."""
        self._items = items

    def __call__(self, queries: Floats, k: int) -> Rows:
        """Returns the rows [num_queries, k] with the highest inner products, best first.

        Args:
          queries: [num_queries, dim] float32.
          k: At most the number of items.
        """
        if len(queries) == 1:
            return _top_k(self._items @ queries[0], k)[np.newaxis]
        queries_at_a_time = max(1, _SCORES_AT_A_TIME // len(self._items))
        parts = [
            _top_k(queries[start : start + queries_at_a_time] @ self._items.T, k)
            for start in range(0, len(queries), queries_at_a_time)
        ]
        return np.concatenate(parts)


def _top_k(scores: Floats, k: int) -> Rows:
    """Returns the positions of the k highest scores along the last axis, best first."""
    rows = np.argpartition(scores, scores.shape[-1] - k, axis=-1)[..., -k:]
    order = np.argsort(-np.take_along_axis(scores, rows, axis=-1), axis=-1)
    return np.take_along_axis(rows, order, axis=-1)


def recall(found: Rows, relevant: Rows) -> float:
    """Returns the share of the relevant rows that were found, averaged over queries.

    Args:
      found: [num_queries, num_found] rows, -1 where a query has fewer results.
      relevant: [num_queries, k] distinct rows.
    """
    shares = [np.isin(r, f).mean() for f, r in zip(found, relevant, strict=True)]
    return float(np.mean(shares))


def single_ms(search: Search, queries: Floats, k: int) -> npt.NDArray[np.float64]:
    """Returns the latency of each query, searched by itself: [num_queries] milliseconds."""
    for row in range(min(_WARM_UP, len(queries))):
        search(queries[row : row + 1], k)
    seconds = np.empty(len(queries))
    for row in range(len(queries)):
        query = queries[row : row + 1]
        begin = time.perf_counter()
        search(query, k)
        seconds[row] = time.perf_counter() - begin
    return seconds * 1000


def batch_ms(search: Search, queries: Floats, k: int) -> float:
    """Returns the milliseconds per query when all queries are searched in one call."""
    begin = time.perf_counter()
    search(queries, k)
    return (time.perf_counter() - begin) / len(queries) * 1000


@dataclass(frozen=True)
class Timing:
    """The search times of a method.

    Each value is the minimum over rounds, because other load on the machine only adds time.

    Attributes:
      median_ms: Median latency of a single query, in milliseconds.
      p99_ms: 99th percentile of the latency of a single query, in milliseconds.
      batch_ms: Milliseconds per query in a batch.
    """

    median_ms: float
    p99_ms: float
    batch_ms: float

    @classmethod
    def minimum(cls, timings: Iterable["Timing"]) -> "Timing":
        """Returns the minimum of each value over several timings of the same method."""
        return cls(*np.min([astuple(timing) for timing in timings], axis=0).tolist())

    def speedup_over(self, other: "Timing") -> dict[str, float]:
        """Returns the speedup over `other`: `single` from the medians, and `batch`."""
        return {
            "single": other.median_ms / self.median_ms,
            "batch": other.batch_ms / self.batch_ms,
        }


def time_in_turns(search: Search, exact: Search, queries: Floats, k: int) -> tuple[Timing, Timing]:
    """Times a search method and exact search in turns, so that both see the same machine load.

    Args:
      search: The method to time.
      exact: Exact search over the same items.
      queries: [num_queries, dim] float32; the first `BATCH` are used.
      k: Number of nearest items per query.

    Returns:
      The timings of the method and of exact search.
    """
    batch = queries[:BATCH]
    few = batch[:_EXACT_QUERIES]
    rounds = [
        (
            single_ms(search, batch, k),
            batch_ms(search, batch, k),
            single_ms(exact, few, k),
            batch_ms(exact, batch, k),
        )
        for _ in range(ROUNDS)
    ]
    single, together, exact_single, exact_together = zip(*rounds, strict=True)
    return _timing(single, together), _timing(exact_single, exact_together)


def _timing(single: tuple[npt.NDArray[np.float64], ...], together: tuple[float, ...]) -> Timing:
    percentiles = [np.percentile(of_round, [50, 99]) for of_round in single]
    median, p99 = np.min(percentiles, axis=0)
    return Timing(float(median), float(p99), min(together))
