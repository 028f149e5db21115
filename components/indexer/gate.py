"""The quality gates of an index."""

from collections.abc import Mapping
from typing import Any

from components.gate import GateResult
from components.indexer.search.search_plan import SearchKind, SearchPlan
from schemas import serving
from schemas.serving_settings import IndexSettings

# Allowed growth of the process between the calls of the first and the last signature: working
# memory of the session (2 MiB measured at 60,000 × 256). A second searcher would add a whole index.
_GROWTH_ALLOWANCE_BYTES = 64 << 20
_GROWTH_SHARE_OF_INDEX = 0.5
# The probe sends few requests, so their overlap may be below the target by chance: by this much, or
# by this many standard errors of their mean over users.
_OVERLAP_MARGIN = 0.05
_OVERLAP_ERRORS = 2.5
_MIB = 1 << 20


def index_gates(
    recall: float,
    plan: SearchPlan,
    probed: dict[str, Any],
    index_bytes: int,
    settings: IndexSettings,
    other_plans: Mapping[str, SearchPlan] | None = None,
    twin_plans: Mapping[str, SearchPlan] | None = None,
) -> list[GateResult]:
    """Returns the results of all index gates.

    Args:
      recall: recall@k against exact search on held-out queries, in 0…1.
      plan: The search plan that reached this recall.
      probed: The result of `probe`.
      index_bytes: Size of the vectors and of ScaNN's index data.
      settings: The index settings, which contain the targets.
      other_plans: The search plans of the signatures that do not use `plan`, by signature.
      twin_plans: The search plans of the twin, that of `recommend` and those of the signatures that
        do not use it; not needed if it has exact search.
    """
    results = [
        _recall(recall, plan, settings),
        _signatures(
            probed,
            {serving.RECOMMEND: plan, **(other_plans or {})},
            twin_plans or {},
            settings,
        ),
        _memory(probed, index_bytes),
    ]
    if settings.max_latency_ms is not None:
        results.append(_latency(probed["latency_ms"]["p99"], settings.max_latency_ms))
    return results


def _recall(recall: float, plan: SearchPlan, settings: IndexSettings) -> GateResult:
    passed = recall >= settings.recall_target
    reason = f"recall@{settings.k} relative to exact search is {recall:.4f}"
    if not passed:
        reason += (
            f", below index.recall_target {settings.recall_target}: {_wider_search(plan)}lower the "
            "target, or set index.kind to exact"
        )
    return GateResult("index.recall", passed, recall, settings.recall_target, reason)


def _wider_search(plan: SearchPlan) -> str:
    """The remedy of searching more leaves; "" without a tree or if all leaves are searched."""
    if plan.leaves_to_search >= plan.num_leaves:
        return ""
    return (
        f"set index.num_leaves to {plan.num_leaves} and index.num_leaves_to_search above "
        f"{plan.leaves_to_search}, "
    )


def _signatures(
    probed: dict[str, Any],
    plans: Mapping[str, SearchPlan],
    twin_plans: Mapping[str, SearchPlan],
    settings: IndexSettings,
) -> GateResult:
    """Compares the outputs of both models with exact search; of the twin, if it is approximate."""
    broken, low = list(probed["faults"]), _low_overlaps(probed, plans, settings)
    twin = probed["twin"]
    if any(plan.kind is not SearchKind.EXACT for plan in twin_plans.values()):
        if not twin["signatures"]:
            broken.append("twin: its approximate search was not compared with exact search")
        broken += [f"twin: {fault}" for fault in twin["faults"]]
        low += [f"twin: {fault}" for fault in _low_overlaps(twin, twin_plans, settings)]
    parts = []
    if broken:
        listed = "; ".join(broken)
        parts.append(f"{listed}: the exported model violates the contract of its signatures")
    reason = "; ".join([*parts, *low])
    if not reason:
        reason = f"all {len(probed['signatures'])} signatures agree with exact search"
    num_faults = len(broken) + len(low)
    return GateResult("index.signatures", not num_faults, float(num_faults), 0.0, reason)


def _low_overlaps(
    compared: dict[str, Any], plans: Mapping[str, SearchPlan], settings: IndexSettings
) -> list[str]:
    """Returns a sentence for each signature whose overlap with exact search is too low."""
    return [
        f"{name}: {_low_overlap(summary, plans.get(name, plans[serving.RECOMMEND]), settings)}"
        for name, summary in sorted(compared["signatures"].items())
        if (summary["overlap"] or 0.0) < _min_overlap(summary, settings)
    ]


def _min_overlap(summary: dict[str, Any], settings: IndexSettings) -> float:
    """The lowest accepted overlap of a signature; 0 if it returns embeddings."""
    if summary["overlap"] is None:
        return 0.0
    errors = _OVERLAP_ERRORS * (summary["overlap_error"] or 0.0)
    return settings.recall_target - max(_OVERLAP_MARGIN, errors)


def _low_overlap(summary: dict[str, Any], plan: SearchPlan, settings: IndexSettings) -> str:
    """What was measured, what was expected, and the keys that help."""
    measured = (
        f"the overlap with exact search is {summary['overlap']:.3f}, expected at least "
        f"{_min_overlap(summary, settings):.3f} (index.recall_target {settings.recall_target} "
        "without the error of the measurement)"
    )
    if plan.kind is SearchKind.EXACT:
        return f"{measured}, although the search is exact: the exported model is broken"
    wider = _wider_search(plan) if plan.is_scann else ""
    return f"{measured}: {wider}lower index.recall_target, or set index.kind to exact"


def _memory(probed: dict[str, Any], index_bytes: int) -> GateResult:
    grown = probed["memory_bytes"]["all"] - probed["memory_bytes"]["first"]
    allowed = _GROWTH_SHARE_OF_INDEX * index_bytes + _GROWTH_ALLOWANCE_BYTES
    passed = grown <= allowed
    reason = (
        f"calling the other signatures after the first adds {grown / _MIB:.0f} MiB of memory "
        f"({allowed / _MIB:.0f} MiB allowed; the index has {index_bytes / _MIB:.1f} MiB)"
    )
    if not passed:
        reason += ": the signatures do not share one ScaNN searcher"
    return GateResult("index.memory", passed, float(grown), allowed, reason)


def _latency(p99_ms: float, max_latency_ms: float) -> GateResult:
    passed = p99_ms <= max_latency_ms
    reason = f"the 99th percentile of the latency of single requests is {p99_ms:.2f} ms"
    if not passed:
        reason += (
            f", above index.max_latency_ms {max_latency_ms}: lower index.recall_target or "
            "index.max_k, or raise the limit"
        )
    return GateResult("index.latency", passed, p99_ms, max_latency_ms, reason)
