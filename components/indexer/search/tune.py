"""Finds the ScaNN configuration with the lowest latency that meets a recall target.

The query parameters (leaves to search, items to score again) are tuned on one index. The parameters
that require a new index are then varied one at a time, within the time limit.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from components.indexer.search.exact import ExactSearch
from components.indexer.search.recall_latency import (
    Ranking,
    TuningQueries,
    latency_ms,
    recalls,
    search_top_k,
)
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.indexer.search.search_plan import SearchKind, SearchPlan, alternative_plans
from components.progress import progress
from schemas.model_settings import IndexSettings

# Numbers of items that are scored again exactly, per item fetched.
_REORDER_FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0)
# The test half of the queries must meet the target too, so the mean recall on the tuning half must
# exceed it by this many standard errors of the difference between the two means.
STANDARD_ERRORS = 2.5
_NUM_LEAF_COUNTS = 16
_BASE_SECONDS = 10.0
_FLOATS_PER_SECOND = 128_000.0


@dataclass(frozen=True)
class MeasuredPlan:
    """The measurements of one plan.

    Attributes:
      plan: The configuration of the search.
      recall: Mean recall@k relative to exact search, in 0…1.
      latency_ms: Mean latency of the search of a single query, without exclusions.
      meets_target: Whether the recall meets the target with the margin.
    """

    plan: SearchPlan
    recall: float
    latency_ms: float
    meets_target: bool


@dataclass(frozen=True)
class TuningResult:
    """The result of tuning.

    Attributes:
      search: The search with the best plan.
      best: The best plan and its measurements.
      curve: All measured plans.
      seconds: Duration of the tuning.
    """

    search: ScannSearch
    best: MeasuredPlan
    curve: list[MeasuredPlan]
    seconds: float


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


def default_seconds(num_items: int, dim: int) -> float:
    """Returns the default time limit, which grows with the catalogue: a minute for 100,000 × 64."""
    return _BASE_SECONDS + num_items * dim / _FLOATS_PER_SECOND


def tune(plan: SearchPlan, task: TuningTask) -> TuningResult:
    """Measures `plan`, then plans that differ from the best one so far in one build parameter.

    Returns:
      The fastest plan whose recall meets the target with the margin. If there is none, the plan
      with the highest recall, whose `meets_target` is false.
    """
    begin = time.monotonic()
    reference = search_top_k(task.exact, task.queries, task.settings.k, task.fetch)
    best_trial = _run_trial(plan, task, reference)
    curve, tried, longest_s = list(best_trial.curve), {_build_parameters(plan)}, best_trial.seconds
    while time.monotonic() + longest_s < begin + task.seconds:
        alternatives = alternative_plans(best_trial.best.plan, task.settings, task.exact.num_items)
        untried = [other for other in alternatives if _build_parameters(other) not in tried]
        if not untried:
            break
        tried.add(_build_parameters(untried[0]))
        trial = _run_trial(untried[0], task, reference)
        curve += trial.curve
        longest_s = max(longest_s, trial.seconds)
        worse_trial, best_trial = sorted((best_trial, trial), key=lambda one: _rank(one.best))
        worse_trial.built.release()
    index = best_trial.built.export()
    best_trial.built.release()
    search = ScannSearch(index, best_trial.best.plan, task.fetch)
    return TuningResult(search, best_trial.best, curve, time.monotonic() - begin)


@dataclass(frozen=True)
class _Trial:
    """An index, its best query parameters, all its measurements, and the time they took."""

    built: BuiltScann
    best: MeasuredPlan
    curve: list[MeasuredPlan]
    seconds: float


def _run_trial(plan: SearchPlan, task: TuningTask, reference: Ranking) -> _Trial:
    begin = time.monotonic()
    built = BuiltScann(task.exact.embedding, plan)
    curve = list(_measure_query_parameters(built, plan, task, reference))
    best = max(curve, key=_rank)
    seconds = time.monotonic() - begin
    progress.info("index: %s (built and tuned in %.0f s)", _describe(best), seconds)
    return _Trial(built, best, curve, seconds)


def _measure_query_parameters(
    built: BuiltScann, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> Iterator[MeasuredPlan]:
    """Measures query parameters on one index: per reordering, the fewest leaves that suffice."""
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        yield _measure(built, plan, task, reference)
        return
    leaves = _leaf_counts(plan, task.settings)
    for factor in _REORDER_FACTORS:
        sufficient = len(leaves)
        low, high = 0, len(leaves)
        while low < high:
            middle = (low + high) // 2
            candidate = replace(plan, leaves_to_search=leaves[middle], reorder_factor=factor)
            measured = _measure(built, candidate, task, reference)
            yield measured
            if measured.meets_target:
                sufficient = high = middle
            else:
                low = middle + 1
        # A larger reordering is slower, so it can only be better with fewer leaves.
        leaves = leaves[:sufficient]
        if not leaves:
            break


def _leaf_counts(plan: SearchPlan, settings: IndexSettings) -> list[int]:
    """Returns the numbers of leaves to try, ascending; [0] without a tree."""
    if not plan.num_leaves:
        return [0]
    if settings.num_leaves_to_search is not None:
        return [plan.leaves_to_search]
    fractions = np.geomspace(1.0 / plan.num_leaves, 1.0, _NUM_LEAF_COUNTS)
    return sorted({math.ceil(round(fraction * plan.num_leaves, 6)) for fraction in fractions})


def _measure(
    built: BuiltScann, plan: SearchPlan, task: TuningTask, reference: Ranking
) -> MeasuredPlan:
    search = built.search(plan)
    query_recalls = recalls(
        search_top_k(search, task.queries, task.settings.k, task.fetch), reference
    )
    margin = STANDARD_ERRORS * float(query_recalls.std()) * math.sqrt(2 / len(query_recalls))
    recall = float(query_recalls.mean())
    mean_ms = latency_ms(search, task.queries, task.fetch)
    return MeasuredPlan(plan, recall, mean_ms, recall - margin >= task.settings.recall_target)


def _rank(measured: MeasuredPlan) -> tuple[bool, float]:
    """The sort key: plans that meet the target by latency, above all others by recall."""
    score = -measured.latency_ms if measured.meets_target else measured.recall
    return measured.meets_target, score


def _build_parameters(plan: SearchPlan) -> SearchPlan:
    """Returns the plan without its query parameters: equal results mean equal indexes."""
    return replace(plan, reason="", leaves_to_search=0, reorder_factor=0.0)


def _describe(measured: MeasuredPlan) -> str:
    plan = measured.plan
    tree = f"{plan.leaves_to_search} of {plan.num_leaves} leaves, " if plan.num_leaves else ""
    return (
        f"{tree}{plan.reorder_factor:g} items rescored per item fetched: recall "
        f"{measured.recall:.4f} at {measured.latency_ms:.3f} ms per query"
    )
