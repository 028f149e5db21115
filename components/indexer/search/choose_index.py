"""Chooses the search of a catalogue by its size, and tunes it on held-out queries."""

from dataclasses import dataclass

from components.indexer.search.exact import ExactSearch
from components.indexer.search.recall_latency import (
    TuningQueries,
    latency_ms,
    recalls,
    search_top_k,
)
from components.indexer.search.retrieval import Search
from components.indexer.search.search_plan import SearchKind, SearchPlan, initial_plan
from components.indexer.search.tune import (
    STANDARD_ERRORS,
    MeasuredPlan,
    TuningTask,
    default_seconds,
    tune,
)
from schemas.model_settings import IndexSettings

# Up to this size exact search takes milliseconds and replaces a ScaNN index that misses the target.
MAX_EXACT_ITEMS = 200_000


@dataclass(frozen=True)
class ChosenIndex:
    """The chosen search and its measurements.

    Attributes:
      search: The search of the served model.
      plan: The configuration of the search.
      recall: recall@k relative to exact search, on queries that were not used for tuning.
      fetch: Number of items fetched in the measurement, including those to be excluded.
      size_bytes: Size of the vectors and of ScaNN's index data.
      curve: All measured plans.
    """

    search: Search
    plan: SearchPlan
    recall: float
    fetch: int
    size_bytes: int
    curve: list[MeasuredPlan]


def choose_index(
    exact: ExactSearch, queries: TuningQueries, settings: IndexSettings
) -> ChosenIndex:
    """Builds and tunes the index that suits the size of the catalogue.

    Args:
      exact: Exact search over the items, whose embeddings are indexed.
      queries: Held-out queries. One half tunes the index, the other half measures its recall.
      settings: The index section of the configuration.
    """
    num_items, dim = exact.embedding.shape
    fetch = min(num_items, settings.max_k + queries.exclude_rows.shape[1])
    plan = initial_plan(num_items, settings)
    if not plan.is_scann:
        return _exact_index(exact, plan.reason, fetch, [])
    tuning_half, test_half = queries.halves()
    seconds = settings.tuning_seconds or default_seconds(num_items, dim)
    tuned = tune(plan, TuningTask(exact, tuning_half, settings, fetch, seconds))
    best = tuned.best
    approximate = search_top_k(tuned.search, test_half, settings.k, fetch)
    recall = float(recalls(approximate, search_top_k(exact, test_half, settings.k, fetch)).mean())
    meets_target = best.meets_target and recall >= settings.recall_target
    if not meets_target and num_items <= MAX_EXACT_ITEMS:
        reason = (
            f"no ScaNN setting met recall@{settings.k} {settings.recall_target} with a margin of "
            f"{STANDARD_ERRORS} standard errors ({len(tuned.curve)} settings tried in "
            f"{tuned.seconds:.0f} s; the best reached {best.recall:.4f} on the tuning queries and "
            f"{recall:.4f} on the other half): exact search is used"
        )
        return _exact_index(exact, reason, fetch, tuned.curve)
    if settings.kind == "auto" and latency_ms(exact, tuning_half, fetch) <= best.latency_ms:
        reason = "index.kind is auto and exact search was faster than ScaNN"
        return _exact_index(exact, reason, fetch, tuned.curve)
    size_bytes = _vectors_bytes(exact) + tuned.search.index.state_bytes()
    return ChosenIndex(tuned.search, best.plan, recall, fetch, size_bytes, tuned.curve)


def _vectors_bytes(exact: ExactSearch) -> int:
    """Returns the size of the vectors in bytes."""
    return exact.embedding.numpy().nbytes


def _exact_index(
    exact: ExactSearch, reason: str, fetch: int, curve: list[MeasuredPlan]
) -> ChosenIndex:
    plan = SearchPlan(SearchKind.EXACT, reason)
    return ChosenIndex(exact, plan, 1.0, fetch, _vectors_bytes(exact), curve)
