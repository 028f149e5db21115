"""The search that serves a catalogue: planned by its size, tuned by held-out queries."""

from dataclasses import dataclass

from components.indexer.search.exact import ExactSearch
from components.indexer.search.plan import SearchKind, SearchPlan, make_plan
from components.indexer.search.quality import Queries, latency_ms, recalls, top
from components.indexer.search.retrieval import Search
from components.indexer.search.tune import STANDARD_ERRORS, Measured, Task, default_seconds, tune
from schemas.model_settings import IndexSettings

# Where exact search still answers in milliseconds, it takes over from a ScaNN that misses much.
MAX_EXACT_ITEMS = 200_000


@dataclass(frozen=True)
class Index:
    """A search that has been chosen and measured.

    Attributes:
      search: What serves.
      plan: How it searches.
      recall: recall@k against exact search, on queries that it was not chosen by.
      fetch: How many items that was measured with, exclusions included.
      size_bytes: The vectors and what ScaNN made of them.
      curve: All that was tried.
    """

    search: Search
    plan: SearchPlan
    recall: float
    fetch: int
    size_bytes: int
    curve: list[Measured]


def choose_index(exact: ExactSearch, queries: Queries, settings: IndexSettings) -> Index:
    """Builds the index that the size of the catalogue calls for, and tunes it.

    Args:
      exact: Search over the items; its embeddings are indexed.
      queries: Held-out queries: one half chooses, the other is reported on.
      settings: The index section of the configuration.
    """
    num_items, dim = exact.embedding.shape
    fetch = min(num_items, settings.max_k + queries.exclude_rows.shape[1])
    plan = make_plan(num_items, settings)
    if not plan.is_scann:
        return _exactly(exact, plan.reason, fetch, [])
    chosen_on, reported_on = queries.halves()
    seconds = settings.tuning_seconds or default_seconds(num_items, dim)
    tuned = tune(plan, Task(exact, chosen_on, settings, fetch, seconds))
    best = tuned.measured
    found = top(tuned.search, reported_on, settings.k, fetch)
    recall = float(recalls(found, top(exact, reported_on, settings.k, fetch)).mean())
    is_kept = best.is_enough and recall >= settings.recall_target
    if not is_kept and num_items <= MAX_EXACT_ITEMS:
        reason = (
            f"no way to ask ScaNN was sure to keep recall@{settings.k} {settings.recall_target}, "
            f"by {STANDARD_ERRORS} standard errors (of {len(tuned.curve)} tried in "
            f"{tuned.seconds:.0f} s the best reached {best.recall:.4f}, and {recall:.4f} on other "
            "queries): exact search takes over"
        )
        return _exactly(exact, reason, fetch, tuned.curve)
    if settings.kind == "auto" and latency_ms(exact, chosen_on, fetch) <= best.latency_ms:
        reason = "index.kind is auto, and exact search was faster"
        return _exactly(exact, reason, fetch, tuned.curve)
    size_bytes = vectors_bytes(exact) + tuned.search.index.state_bytes()
    return Index(tuned.search, best.plan, recall, fetch, size_bytes, tuned.curve)


def vectors_bytes(exact: ExactSearch) -> int:
    """Size of the vectors alone."""
    return exact.embedding.numpy().nbytes


def _exactly(exact: ExactSearch, reason: str, fetch: int, curve: list[Measured]) -> Index:
    plan = SearchPlan(SearchKind.EXACT, reason)
    return Index(exact, plan, 1.0, fetch, vectors_bytes(exact), curve)
