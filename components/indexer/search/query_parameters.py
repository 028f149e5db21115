"""Finds the query parameters of one index: the leaves to search and the items to score again.

They are arguments of the search, so each kind of query can have its own parameters on one index.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from components.indexer.search.clustered_mean import ClusteredMean, clustered_mean
from components.indexer.search.exact import ExactSearch
from components.indexer.search.recall_latency import (
    Ranking,
    TuningQueries,
    latency_ms,
    recalls,
    search_top_k,
)
from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan
from schemas.serving_settings import IndexSettings

# Numbers of items that are scored again exactly, per item fetched.
_REORDER_FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0)
# The test half of the users must meet the target too, so the mean recall on the tuning half must
# exceed it by this many standard errors of the difference between the two means.
STANDARD_ERRORS = 2.5
_NUM_LEAF_COUNTS = 16
# The leaves of an inverted file are many and small. Searching a fifth of them takes about as long
# as exact search.
_NUM_SMALL_LEAF_COUNTS = 128
_MAX_SHARE_OF_SMALL_LEAVES = 0.2


class BuiltIndex(Protocol):
    """An index whose query parameters can be varied."""

    def search(self, plan: SearchPlan) -> Search:
        """Returns the search with the query parameters of `plan`."""


@dataclass(frozen=True)
class MeasuredPlan:
    """The measurements of one plan.

    Attributes:
      plan: The configuration of the search.
      recall: Mean recall@k relative to exact search, in 0…1 (`clustered_mean`).
      latency_ms: Mean latency of the search of a single query, without exclusions.
      meets_target: Whether the recall meets the target with the margin.
    """

    plan: SearchPlan
    recall: float
    latency_ms: float
    meets_target: bool


@dataclass(frozen=True)
class TuningTask:
    """The data, target and time limit of tuning.

    Attributes:
      exact: Exact search over the items.
      queries: The queries on which the plans are measured.
      settings: The index settings: recall target, k and fixed parameters.
      fetch: Number of items fetched per query, including those to be excluded.
      seconds: Time limit. The first index is always built and measured. Another one is started
        only if it would finish in time when it takes as long as the slowest one so far.
    """

    exact: ExactSearch
    queries: TuningQueries
    settings: IndexSettings
    fetch: int
    seconds: float


def exact_ranking(task: TuningTask) -> Ranking:
    """Returns the results of exact search for the queries of a task."""
    return search_top_k(task.exact, task.queries, task.settings.k, task.fetch)


def measure_query_parameters(
    built: BuiltIndex, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> Iterator[MeasuredPlan]:
    """Measures query parameters on one index: per reordering, the fewest leaves that suffice.

    Args:
      built: The index.
      plan: Its build parameters.
      task: The queries and the target.
      reference: The exact results of the queries.

    Yields:
      The measurements. At least one setting meets the target if any does that is faster than exact
      search, except for other numbers of leaves if `index.num_leaves_to_search` is set.
    """
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        yield _measure(built, plan, task, reference)
        return
    leaves = _leaf_counts(plan, task.settings)
    all_leaves = leaves
    for factor in _REORDER_FACTORS:
        factor_plan = replace(plan, reorder_factor=factor)
        sufficient = yield from _bisect_leaves(built, factor_plan, leaves, task, reference)
        # A larger reordering is slower, so it can only be better with fewer leaves.
        leaves = leaves[:sufficient]
        if not leaves:
            return
    if leaves == all_leaves:
        yield from _measure_wider(
            built, replace(plan, leaves_to_search=leaves[-1]), task, reference
        )


def measure_small_leaves(
    built: BuiltIndex, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> Iterator[MeasuredPlan]:
    """Measures numbers of leaves of an inverted file, to find the fewest that suffice.

    Args:
      built: The index.
      plan: Its build parameters.
      task: The queries and the target.
      reference: The exact results of the queries.

    Yields:
      The measurements, at least one.
    """
    most = max(1.0, _MAX_SHARE_OF_SMALL_LEAVES * plan.num_leaves)
    leaves = sorted({round(count) for count in np.geomspace(1.0, most, _NUM_SMALL_LEAF_COUNTS)})
    yield from _bisect_leaves(built, plan, leaves, task, reference)


def rank(measured: MeasuredPlan) -> tuple[bool, float]:
    """The sort key: plans that meet the target by latency, above all others by recall."""
    score = -measured.latency_ms if measured.meets_target else measured.recall
    return measured.meets_target, score


def _bisect_leaves(
    built: BuiltIndex, plan: SearchPlan, leaves: list[int], task: TuningTask, reference: Ranking
) -> Generator[MeasuredPlan, None, int]:
    """Returns the index of the fewest leaves that suffice; the number of `leaves` if none does."""
    low, high = 0, len(leaves)
    # If even the most leaves do not suffice, one measurement is enough.
    middle = high - 1
    while low < high:
        candidate = replace(plan, leaves_to_search=leaves[middle])
        measured = _measure(built, candidate, task, reference)
        yield measured
        if measured.meets_target:
            high = middle
        else:
            low = middle + 1
        middle = (low + high) // 2
    return high


def _measure_wider(
    built: BuiltIndex, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> Iterator[MeasuredPlan]:
    """Doubles the reordering until it suffices or is slower than exact search."""
    exact_ms = latency_ms(task.exact, task.queries, task.fetch)
    factor = _REORDER_FACTORS[-1]
    while factor * task.fetch < task.exact.num_items:
        factor *= 2
        measured = _measure(built, replace(plan, reorder_factor=factor), task, reference)
        if measured.latency_ms >= exact_ms:
            return
        yield measured
        if measured.meets_target:
            return


def _leaf_counts(plan: SearchPlan, settings: IndexSettings) -> list[int]:
    """Returns the numbers of leaves to try, ascending; [0] without a tree."""
    if not plan.num_leaves:
        return [0]
    if settings.num_leaves_to_search is not None:
        return [plan.leaves_to_search]
    fractions = np.geomspace(1.0 / plan.num_leaves, 1.0, _NUM_LEAF_COUNTS)
    return sorted({math.ceil(round(fraction * plan.num_leaves, 6)) for fraction in fractions})


def _measure(
    built: BuiltIndex, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> MeasuredPlan:
    search = built.search(plan)
    query_recalls = recalls(
        search_top_k(search, task.queries, task.settings.k, task.fetch), reference
    )
    recall = clustered_mean(query_recalls, task.queries.users)
    mean_ms = latency_ms(search, task.queries, task.fetch)
    meets_target = _exceeds_target(recall, task.settings.recall_target)
    return MeasuredPlan(plan, recall.mean, mean_ms, meets_target)


def _exceeds_target(recall: ClusteredMean, target: float) -> bool:
    """Returns whether a recall meets the target with the margin.

    The halves have equally many users, so the standard error of the difference of their means is
    that of one mean times the square root of 2. The error of a single user's recall is unknown:
    only a search that misses nothing meets the target then.
    """
    if recall.error is None:
        return recall.mean >= 1.0
    return recall.mean - STANDARD_ERRORS * math.sqrt(2) * recall.error >= target
