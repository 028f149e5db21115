"""The `index` part of metrics.json: how the catalogue is searched, and what was measured."""

from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from components.indexer.model.candidates import Candidates
from components.indexer.model.held_out_requests import HeldOut
from components.indexer.search.choose import Index
from components.indexer.search.tune import Measured
from schemas.features import MISSING_INTEGER
from schemas.model_settings import IndexSettings


def index_report(
    index: Index,
    candidates: Candidates,
    held_out: HeldOut,
    settings: IndexSettings,
) -> dict[str, Any]:
    """How the catalogue is searched, and what tuning found."""
    plan = {**asdict(index.plan), "kind": index.plan.kind.value}
    return {
        "kind": index.plan.kind.value,
        "reason": index.plan.reason,
        "plan": plan,
        f"recall@{settings.k}": index.recall,
        "fetch": index.fetch,
        "queries": len(held_out),
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
                "is_enough": point.is_enough,
            }
            for point in frontier(index.curve)
        ],
        "candidates": len(candidates),
        "as_of": _instant(candidates.as_of_s),
        "dim": int(candidates.embedding.shape[1]),
        "index_bytes": index.size_bytes,
    }


def _instant(time_s: int) -> str | None:
    """ISO 8601 UTC; None where nothing of items moves with time."""
    if time_s == MISSING_INTEGER:
        return None
    return datetime.fromtimestamp(time_s, tz=timezone.utc).isoformat()


def frontier(points: list[Measured]) -> list[Measured]:
    """The points that no other beats in both recall and latency, the fastest first."""
    kept: list[Measured] = []
    for point in sorted(points, key=lambda point: (point.latency_ms, -point.recall)):
        if not kept or point.recall > kept[-1].recall:
            kept.append(point)
    return kept


def probe_report(probed: dict[str, Any]) -> dict[str, Any]:
    """What of `probe`'s measurements is reported; memory is what the model adds."""
    memory = probed["memory_bytes"]
    return {
        "memory_bytes": memory["all"] - memory["before"],
        "memory_growth_bytes": memory["all"] - memory["first"],
        "load_seconds": probed["load_seconds"],
        "latency_ms": probed["latency_ms"],
        "signatures": probed["signatures"],
    }
