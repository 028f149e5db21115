"""Finds the ScaNN configuration that keeps a recall target at the lowest latency.

What a query decides (leaves to search, items to score again) is searched on one index; what only
building again can change is then tried one thing at a time, while the time allows.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from components.indexer.search.exact import ExactSearch
from components.indexer.search.plan import SearchKind, SearchPlan, other_builds
from components.indexer.search.quality import Queries, Ranking, latency_ms, recalls, top
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.progress import progress
from schemas.model_settings import IndexSettings

# Items scored again exactly, per item fetched.
_REORDER_FACTORS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 16.0, 32.0)
# The other half of the queries is to keep the target too: by this many standard errors of the
# difference of two such means.
STANDARD_ERRORS = 2.5
_NUM_SHARES = 16
_BASE_SECONDS = 10.0
_FLOATS_PER_SECOND = 128_000.0


@dataclass(frozen=True)
class Measured:
    """What one plan reached: recall in 0…1, and latency of the bare search of one query."""

    plan: SearchPlan
    recall: float
    latency_ms: float
    is_enough: bool


@dataclass(frozen=True)
class Tuned:
    """The plan to serve by, its index, all that was measured on the way, and how long it took."""

    search: ScannSearch
    measured: Measured
    curve: list[Measured]
    seconds: float


@dataclass(frozen=True)
class Task:
    """What is asked of every plan.

    Attributes:
      exact: Search over the items.
      queries: The half to choose on.
      settings: Recall target, k, and what is fixed.
      fetch: How many items are really asked for, exclusions included.
      seconds: How long tuning may take; the first index is built and asked whatever it takes,
        another is begun where it would be ready in time if it takes as long as the longest so far.
    """

    exact: ExactSearch
    queries: Queries
    settings: IndexSettings
    fetch: int
    seconds: float


def default_seconds(num_items: int, dim: int) -> float:
    """A budget that grows with the catalogue: a minute for 100,000 × 64."""
    return _BASE_SECONDS + num_items * dim / _FLOATS_PER_SECOND


def tune(plan: SearchPlan, task: Task) -> Tuned:
    """Builds by `plan`, then by what differs from the best so far in one thing.

    Returns:
      The fastest plan that meets the recall target, with a margin for queries it was not chosen
      by; where none does, the one of the highest recall, and `is_enough` is false.
    """
    begin = time.monotonic()
    reference = top(task.exact, task.queries, task.settings.k, task.fetch)
    kept = _try(plan, task, reference)
    curve, tried, longest = list(kept.curve), {_build(plan)}, kept.seconds
    while time.monotonic() + longest < begin + task.seconds:
        others = other_builds(kept.best.plan, task.settings, task.exact.num_items)
        untried = [other for other in others if _build(other) not in tried]
        if not untried:
            break
        tried.add(_build(untried[0]))
        other = _try(untried[0], task, reference)
        curve += other.curve
        longest = max(longest, other.seconds)
        worse, kept = sorted((kept, other), key=lambda tried: _rank(tried.best))
        worse.built.release()
    index = kept.built.keep()
    kept.built.release()
    search = ScannSearch(index, kept.best.plan, task.fetch)
    return Tuned(search, kept.best, curve, time.monotonic() - begin)


@dataclass(frozen=True)
class _Tried:
    """One index, the best way found to ask it, and what finding both took."""

    built: BuiltScann
    best: Measured
    curve: list[Measured]
    seconds: float


def _try(plan: SearchPlan, task: Task, reference: Ranking) -> _Tried:
    begin = time.monotonic()
    built = BuiltScann(task.exact.embedding, plan)
    curve = list(_ask(built, plan, task, reference))
    best = max(curve, key=_rank)
    seconds = time.monotonic() - begin
    progress.info("index: %s, %.0f s to build and tune", _told(best), seconds)
    return _Tried(built, best, curve, seconds)


def _ask(built: BuiltScann, plan: SearchPlan, task: Task, reference: Ranking) -> Iterator[Measured]:
    """Asks one index in several ways: for each reordering the fewest leaves that are enough."""
    if plan.kind is SearchKind.SCANN_BRUTE_FORCE:
        yield _measure(built, plan, task, reference)
        return
    leaves = _numbers_of_leaves(plan, task.settings)
    for factor in _REORDER_FACTORS:
        enough = len(leaves)
        low, high = 0, len(leaves)
        while low < high:
            middle = (low + high) // 2
            asked = replace(plan, leaves_to_search=leaves[middle], reorder_factor=factor)
            measured = _measure(built, asked, task, reference)
            yield measured
            if measured.is_enough:
                enough = high = middle
            else:
                low = middle + 1
        # More items scored again than reached the target pay only with fewer leaves.
        leaves = leaves[:enough]
        if not leaves:
            break


def _numbers_of_leaves(plan: SearchPlan, settings: IndexSettings) -> list[int]:
    """What to try, ascending; a single 0 without a tree."""
    if not plan.num_leaves:
        return [0]
    if settings.num_leaves_to_search is not None:
        return [plan.leaves_to_search]
    shares = np.geomspace(1.0 / plan.num_leaves, 1.0, _NUM_SHARES)
    return sorted({math.ceil(round(share * plan.num_leaves, 6)) for share in shares})


def _measure(built: BuiltScann, plan: SearchPlan, task: Task, reference: Ranking) -> Measured:
    search = built.search(plan)
    found = recalls(top(search, task.queries, task.settings.k, task.fetch), reference)
    margin = STANDARD_ERRORS * float(found.std()) * math.sqrt(2 / len(found))
    recall = float(found.mean())
    cost = latency_ms(search, task.queries, task.fetch)
    return Measured(plan, recall, cost, recall - margin >= task.settings.recall_target)


def _rank(measured: Measured) -> tuple[bool, float]:
    """What is enough comes before what is not; then latency, or recall, decides."""
    merit = -measured.latency_ms if measured.is_enough else measured.recall
    return measured.is_enough, merit


def _build(plan: SearchPlan) -> SearchPlan:
    """The part of a plan that an index is built by."""
    return replace(plan, reason="", leaves_to_search=0, reorder_factor=0.0)


def _told(measured: Measured) -> str:
    plan = measured.plan
    tree = f"{plan.leaves_to_search} of {plan.num_leaves} leaves, " if plan.num_leaves else ""
    return (
        f"{tree}{plan.reorder_factor:g} items scored again per item fetched: recall "
        f"{measured.recall:.4f} at {measured.latency_ms:.3f} ms"
    )
