"""The `index` section of metrics.json: the chosen search and its measurements."""

from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from components.indexer.model.candidates import EmbeddedCandidates
from components.indexer.model.held_out_requests import HeldOutRequests
from components.indexer.search.choose_index import ChosenIndex
from components.indexer.search.inverted_file import batch_transient_bytes
from components.indexer.search.query_kind import KindSearch
from components.indexer.search.query_parameters import MeasuredPlan
from components.indexer.search.search_plan import SearchKind
from schemas.features import MISSING_INTEGER
from schemas.serving_settings import IndexSettings


def index_report(
    index: ChosenIndex,
    candidates: EmbeddedCandidates,
    held_out: HeldOutRequests,
    settings: IndexSettings,
) -> dict[str, Any]:
    """Returns the chosen search plan and the measurements of the tuning as JSON values."""
    plan = {**asdict(index.plan), "kind": index.plan.kind.value}
    return {
        "kind": index.plan.kind.value,
        "reason": index.plan.reason,
        "plan": plan,
        f"recall@{settings.k}": index.recall,
        "fetch": index.fetch,
        "queries": len(held_out),
        "searches": [_search_row(name, kind) for name, kind in index.searches.items()],
        "tuning_seconds": index.seconds,
        "queries_from": held_out.split,
        "ways_tried": len(index.curve),
        "curve": [
            {
                "num_leaves": point.plan.num_leaves,
                "leaves_to_search": point.plan.leaves_to_search,
                "reorder_factor": point.plan.reorder_factor,
                "anisotropic_threshold": point.plan.anisotropic_threshold,
                "anisotropic_leaves": point.plan.anisotropic_leaves,
                "dims_per_block": point.plan.dims_per_block,
                "recall": point.recall,
                "search_ms": point.latency_ms,
                "is_enough": point.meets_target,
            }
            for point in pareto_front(index.curve)
        ],
        "candidates": len(candidates),
        "as_of": _instant(candidates.as_of_s),
        "dim": int(candidates.embedding.shape[1]),
        "index_bytes": index.size_bytes,
    }


def twin_report(
    twin: ChosenIndex, shape: tuple[int, ...], settings: IndexSettings
) -> dict[str, Any]:
    """Returns `twin`, its search with measurements, and `twin_searches` as JSON values.

    Args:
      twin: The search of the twin.
      shape: Number of items and dimensions.
      settings: The index settings.
    """
    plan = twin.plan
    report = {
        "kind": plan.kind.value,
        "reason": plan.reason,
        "num_leaves": plan.num_leaves,
        "leaves_to_search": plan.leaves_to_search,
        f"recall@{settings.k}": twin.recall,
        "search_ms": twin.main.latency_ms,
        "tuning_seconds": twin.seconds,
        "index_bytes": twin.size_bytes,
    }
    searched = [
        kind.plan.leaves_to_search
        for kind in twin.searches.values()
        if kind.plan.kind is SearchKind.INVERTED_FILE
    ]
    if searched:
        num_items, dim = shape
        report["batch_bytes"] = batch_transient_bytes(num_items, dim, max(searched))
    rows = [_search_row(name, kind) for name, kind in twin.searches.items()]
    return {"twin": report, "twin_searches": rows}


def _search_row(signature: str, kind: KindSearch) -> dict[str, Any]:
    """Returns the search of one kind of query; the signatures without a row use the first."""
    return {
        "signature": signature,
        "kind": kind.plan.kind.value,
        "reason": kind.plan.reason,
        "leaves_to_search": kind.plan.leaves_to_search,
        "reorder_factor": kind.plan.reorder_factor,
        "fetch": kind.fetch,
        "queries": kind.num_queries,
        "recall": kind.recall,
        "search_ms": kind.latency_ms,
    }


def _instant(time_s: int) -> str | None:
    """ISO 8601 UTC; None if the item embeddings do not depend on time."""
    if time_s == MISSING_INTEGER:
        return None
    return datetime.fromtimestamp(time_s, tz=timezone.utc).isoformat()


def pareto_front(plans: list[MeasuredPlan]) -> list[MeasuredPlan]:
    """Returns the plans that no other plan beats in both recall and latency, fastest first."""
    kept: list[MeasuredPlan] = []
    for plan in sorted(plans, key=lambda plan: (plan.latency_ms, -plan.recall)):
        if not kept or plan.recall > kept[-1].recall:
            kept.append(plan)
    return kept


def probe_report(probed: dict[str, Any]) -> dict[str, Any]:
    """Returns the reported part of `probe`'s result; memory is relative to the empty process."""
    memory = probed["memory_bytes"]
    return {
        "memory_bytes": memory["all"] - memory["before"],
        "memory_growth_bytes": memory["all"] - memory["first"],
        "load_seconds": probed["load_seconds"],
        "latency_ms": probed["latency_ms"],
        "signatures": probed["signatures"],
    }
