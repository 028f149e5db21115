"""Exact search by NumPy, recall against it, and the time of a query, alone and in a batch."""

import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass

import numpy as np

BATCH = 256
ROUNDS = 5
_EXACT_QUERIES = 32  # are timed in a round; exact search takes long and varies little
_SCORES_AT_A_TIME = 2**24
_WARM_UP = 8

Search = Callable[[np.ndarray, int], np.ndarray]


class ExactSearch:
    """The yardstick of both recall and time: every inner product, and a partition of them."""

    def __init__(self, items: np.ndarray):
        """Args: items: [num_items, dim] float32."""
        self._items = items

    def __call__(self, queries: np.ndarray, k: int) -> np.ndarray:
        """Rows [num_queries, k] of the highest inner products, best first.

        Args:
          queries: [num_queries, dim] float32.
          k: At most the number of items.
        """
        if len(queries) == 1:
            return _best(self._items @ queries[0], k)[np.newaxis]
        rows_at_a_time = max(1, _SCORES_AT_A_TIME // len(self._items))
        parts = [
            _best(queries[start : start + rows_at_a_time] @ self._items.T, k)
            for start in range(0, len(queries), rows_at_a_time)
        ]
        return np.concatenate(parts)


def _best(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k highest of each row, best first."""
    rows = np.argpartition(scores, scores.shape[-1] - k, axis=-1)[..., -k:]
    order = np.argsort(-np.take_along_axis(scores, rows, axis=-1), axis=-1)
    return np.take_along_axis(rows, order, axis=-1)


def recall(found: np.ndarray, wanted: np.ndarray) -> float:
    """Mean share of the wanted rows that were found.

    Args:
      found: [num_queries, any] rows, -1 for none.
      wanted: [num_queries, k] distinct rows.
    """
    return float(np.mean([np.isin(w, f).mean() for f, w in zip(found, wanted, strict=True)]))


def single_ms(search: Search, queries: np.ndarray, k: int) -> np.ndarray:
    """[num_queries] milliseconds, of each query by itself."""
    for row in range(min(_WARM_UP, len(queries))):
        search(queries[row : row + 1], k)
    spent = np.empty(len(queries))
    for row in range(len(queries)):
        query = queries[row : row + 1]
        begin = time.perf_counter()
        search(query, k)
        spent[row] = time.perf_counter() - begin
    return spent * 1000


def batch_ms(search: Search, queries: np.ndarray, k: int) -> float:
    """Milliseconds a query, of all of them in one call."""
    begin = time.perf_counter()
    search(queries, k)
    return (time.perf_counter() - begin) / len(queries) * 1000


@dataclass(frozen=True)
class Timing:
    """Milliseconds a query: alone (median and 99th percentile) and in a batch.

    Each is of the round in which it was the least: other work on the machine only adds to it.
    """

    median_ms: float
    p99_ms: float
    batch_ms: float

    @classmethod
    def least(cls, timings: Iterable["Timing"]) -> "Timing":
        """The least of each over several timings of the same search."""
        return cls(*np.min([astuple(timing) for timing in timings], axis=0).tolist())

    def times_faster(self, than: "Timing") -> dict[str, float]:
        """How many times, of the medians of a query alone (`single`) and of a batch (`batch`)."""
        return {
            "single": than.median_ms / self.median_ms,
            "batch": than.batch_ms / self.batch_ms,
        }


def timings(search: Search, exact: Search, queries: np.ndarray, k: int) -> tuple[Timing, Timing]:
    """Times a search and exact search in turns, round by round, in the same minutes.

    Args:
      search: What is measured.
      exact: The yardstick.
      queries: [num_queries, dim] float32; up to `BATCH` are asked.
      k: How many rows a query wants.
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
    alone, together, exact_alone, exact_together = zip(*rounds, strict=True)
    return _timing(alone, together), _timing(exact_alone, exact_together)


def _timing(alone: tuple[np.ndarray, ...], together: tuple[float, ...]) -> Timing:
    percentiles = [np.percentile(of_round, [50, 99]) for of_round in alone]
    median, high = np.min(percentiles, axis=0)
    return Timing(float(median), float(high), min(together))
