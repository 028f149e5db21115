"""Recall of a search against exact search, and the choice of how wide to search."""

import time
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.indexer import select
from components.indexer.exact import ExactSearch
from components.indexer.plan import SearchPlan, variants
from components.indexer.retrieval import Search
from components.indexer.searcher import ScannIndex, ScannSearch
from schemas.model_settings import IndexSettings

_BATCH = 256
_TIMED_QUERIES = 64


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


@dataclass(frozen=True)
class Measured:
    """What one plan reached: recall in 0…1, and latency of the bare search of one query."""

    plan: SearchPlan
    recall: float
    latency_ms: float


def top_rows(search: Search, queries: Queries, k: int, fetch: int) -> np.ndarray:
    """[num_queries, k] int32 rows that `search` answers after exclusions, -1 where none is left."""
    parts = []
    for start in range(0, len(queries), _BATCH):
        exclude = tf.constant(queries.exclude_rows[start : start + _BATCH], tf.int32)
        found = search(tf.constant(queries.embedding[start : start + _BATCH]), tf.constant(fetch))
        eligible = select.keep_eligible(*found, exclude)
        wanted = tf.fill([tf.shape(exclude)[0]], k)
        parts.append(select.take_best(*eligible, wanted, tf.constant(k))[0].numpy())
    return np.concatenate(parts)


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Mean share of the exact answers that were found.

    Args:
      found: [num_queries, k] int32 rows, -1 for none.
      exact: [num_queries, k] int32 rows, -1 where fewer than k items are eligible.

    Returns:
      1.0 where nothing was to be found.
    """
    shares = [
        np.isin(wanted[wanted >= 0], row).mean() if (wanted >= 0).any() else 1.0
        for row, wanted in zip(found, exact, strict=True)
    ]
    return float(np.mean(shares))


def latency_ms(search: Search, queries: Queries, fetch: int) -> float:
    """Median time of the bare search of one query."""
    seconds = []
    for row in range(min(len(queries), _TIMED_QUERIES)):
        query = tf.constant(queries.embedding[row : row + 1])
        begin = time.perf_counter()
        search(query, tf.constant(fetch))
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)) * 1000


def tune(
    index: ScannIndex,
    plan: SearchPlan,
    exact: ExactSearch,
    queries: Queries,
    settings: IndexSettings,
    fetch: int,
) -> tuple[ScannSearch, list[Measured]]:
    """Chooses the fastest way to ask the index that meets the recall target.

    Args:
      index: A trained index.
      plan: What it was trained by.
      exact: Search over the same items.
      queries: The half to choose on.
      settings: Recall target, k, and what is fixed.
      fetch: How many items are really asked for, exclusions included.

    Returns:
      The search that asks so, and the whole curve. Where no way meets the target, the one of the
      highest recall: the gate then judges it.
    """
    reference = top_rows(exact, queries, settings.k, fetch)
    curve = []
    for variant_plan in variants(plan, settings):
        variant = ScannSearch(index, variant_plan)
        found = top_rows(variant, queries, settings.k, fetch)
        cost = latency_ms(variant, queries, fetch)
        curve.append(Measured(variant_plan, recall(found, reference), cost))
    enough = [point for point in curve if point.recall >= settings.recall_target]
    if enough:
        best = min(enough, key=lambda point: point.latency_ms)
    else:
        best = max(curve, key=lambda point: point.recall)
    return ScannSearch(index, best.plan), curve
