"""The search that serves a catalogue: planned by its size, tuned by held-out queries."""

from dataclasses import dataclass

import tensorflow as tf

from components.indexer.exact import ExactSearch
from components.indexer.plan import SearchKind, SearchPlan, make_plan
from components.indexer.quality import Measured, Queries, latency_ms, recall, top_rows, tune
from components.indexer.retrieval import Search
from components.indexer.searcher import train_scann
from schemas.model_settings import IndexSettings


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
    num_items = exact.num_items
    vectors_bytes = exact.embedding.numpy().nbytes
    fetch = min(num_items, settings.max_k + queries.exclude_rows.shape[1])
    plan = make_plan(num_items, settings)
    as_exact = Index(exact, plan, 1.0, fetch, vectors_bytes, [])
    if not plan.is_scann:
        return as_exact
    trained = train_scann(exact.embedding, plan)
    chosen_on, reported_on = queries.halves()
    search, curve = tune(trained, plan, exact, chosen_on, settings, fetch)
    if settings.kind == "auto" and _is_exact_faster(exact, curve, search.plan, chosen_on, fetch):
        reason = "index.kind is auto, and exact search was faster"
        return Index(exact, SearchPlan(SearchKind.EXACT, reason), 1.0, fetch, vectors_bytes, curve)
    found = top_rows(search, reported_on, settings.k, fetch)
    reference = top_rows(exact, reported_on, settings.k, fetch)
    state_bytes = sum(len(tf.io.serialize_tensor(part).numpy()) for part in trained.state)
    return Index(
        search, search.plan, recall(found, reference), fetch, vectors_bytes + state_bytes, curve
    )


def _is_exact_faster(
    exact: ExactSearch, curve: list[Measured], plan: SearchPlan, queries: Queries, fetch: int
) -> bool:
    chosen = next(point for point in curve if point.plan == plan)
    return latency_ms(exact, queries, fetch) <= chosen.latency_ms
