"""Finds the ScaNN configuration with the lowest latency that meets a recall target.

The query parameters (leaves to search, items to score again) are tuned on one index. The parameters
that require a new index are then varied one at a time, within the time limit. The index is the one
that suits the first kind of query; other kinds get query parameters of their own on it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from components.indexer.search.query_parameters import (
    MeasuredPlan,
    TuningTask,
    exact_ranking,
    measure_query_parameters,
    rank,
)
from components.indexer.search.recall_latency import Ranking
from components.indexer.search.scann_search import BuiltScann, ScannIndex, ScannSearch
from components.indexer.search.search_plan import SearchPlan, alternative_plans
from components.indexer.search.tuned_search import TunedSearch, TuningResult
from components.progress import progress

_BASE_SECONDS = 10.0
_FLOATS_PER_SECOND = 128_000.0


def default_seconds(num_items: int, dim: int) -> float:
    """Returns the default time limit, which grows with the catalogue: a minute for 100,000 × 64."""
    return _BASE_SECONDS + num_items * dim / _FLOATS_PER_SECOND


def tune(
    plan: SearchPlan, task: TuningTask, others: Mapping[str, TuningTask] | None = None
) -> TuningResult:
    """Measures `plan`, then plans that differ from the best one so far in one build parameter.

    Args:
      plan: The first plan.
      task: The queries that select the index, and their target.
      others: Other kinds of queries, by name. They are tuned on the index that was selected, after
        the time limit of `task` has ended.

    Returns:
      For each kind, the fastest plan whose recall meets the target with the margin. If there is
      none, the plan with the highest recall, whose `meets_target` is false.
    """
    begin = time.monotonic()
    reference = exact_ranking(task)
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
        worse_trial, best_trial = sorted((best_trial, trial), key=lambda one: rank(one.best))
        worse_trial.built.release()
    index = best_trial.built.export()
    search = ScannSearch(index, best_trial.best.plan, task.fetch)
    main = TunedSearch(search, best_trial.best, len(curve), time.monotonic() - begin)
    searches = {
        name: _tune_on(best_trial, index, name, other) for name, other in (others or {}).items()
    }
    best_trial.built.release()
    seconds = time.monotonic() - begin
    return TuningResult(main, searches, curve, seconds, index.state_bytes())


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
    curve = list(measure_query_parameters(built, plan, task, reference))
    best = max(curve, key=rank)
    seconds = time.monotonic() - begin
    progress.info("index: %s (built and tuned in %.0f s)", _describe(best), seconds)
    return _Trial(built, best, curve, seconds)


def _tune_on(trial: _Trial, index: ScannIndex, name: str, task: TuningTask) -> TunedSearch:
    """Tunes the query parameters of other queries on the index of a trial."""
    begin = time.monotonic()
    plan = trial.best.plan
    curve = list(measure_query_parameters(trial.built, plan, task, exact_ranking(task)))
    best, seconds = max(curve, key=rank), time.monotonic() - begin
    progress.info("index: %s: %s (tuned in %.0f s)", name, _describe(best), seconds)
    return TunedSearch(ScannSearch(index, best.plan, task.fetch), best, len(curve), seconds)


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
