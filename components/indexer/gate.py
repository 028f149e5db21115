"""What an index must keep before it may serve."""

from typing import Any

from components.gate import GateResult
from components.indexer.search.plan import SearchPlan
from schemas.model_settings import IndexSettings

# What the process may grow by between the first signature and the last: the session's work space
# (2 MiB measured at 60,000 × 256). A second searcher would add a whole index.
_GROWTH_ALLOWANCE_BYTES = 64 << 20
_GROWTH_SHARE_OF_INDEX = 0.5
# The probe's requests are few: their overlap may lie this much below the target by chance.
_OVERLAP_MARGIN = 0.05
_MIB = 1 << 20


def gates(
    recall: float,
    plan: SearchPlan,
    probed: dict[str, Any],
    index_bytes: int,
    settings: IndexSettings,
) -> list[GateResult]:
    """All verdicts on an index.

    Args:
      recall: recall@k against exact search on held-out queries, in 0…1.
      plan: The search that reached it.
      probed: What `probe` returned.
      index_bytes: Size of the vectors and of what ScaNN made of them.
      settings: Targets.
    """
    results = [
        _recall(recall, plan, settings),
        _signatures(probed, settings),
        _memory(probed, index_bytes),
    ]
    if settings.max_latency_ms is not None:
        results.append(_latency(probed["latency_ms"]["p99"], settings.max_latency_ms))
    return results


def _recall(recall: float, plan: SearchPlan, settings: IndexSettings) -> GateResult:
    passed = recall >= settings.recall_target
    reason = f"recall@{settings.k} against exact search is {recall:.4f}"
    if not passed:
        reason += (
            f", below index.recall_target {settings.recall_target}: {_widen(plan)}lower the "
            "target, or set index.kind to exact"
        )
    return GateResult("index.recall", passed, recall, settings.recall_target, reason)


def _widen(plan: SearchPlan) -> str:
    """How to search more of a tree; nothing where there is none, or all of it is searched."""
    if plan.leaves_to_search >= plan.num_leaves:
        return ""
    return (
        f"set index.num_leaves to {plan.num_leaves} and index.num_leaves_to_search above "
        f"{plan.leaves_to_search}, "
    )


def _signatures(probed: dict[str, Any], settings: IndexSettings) -> GateResult:
    lowest = settings.recall_target - _OVERLAP_MARGIN
    faults = list(probed["faults"])
    for name, summary in sorted(probed["signatures"].items()):
        share = summary["overlap"]
        if share is not None and share < lowest:
            faults.append(f"{name}: finds {share:.3f} of the exact answers, expected {lowest:.3f}")
    if faults:
        reason = f"{'; '.join(faults)}: the exported model does not keep its contract"
    else:
        reason = f"all {len(probed['signatures'])} signatures answer as exact search does"
    return GateResult("index.signatures", not faults, float(len(faults)), 0.0, reason)


def _memory(probed: dict[str, Any], index_bytes: int) -> GateResult:
    grown = probed["memory_bytes"]["all"] - probed["memory_bytes"]["first"]
    allowed = _GROWTH_SHARE_OF_INDEX * index_bytes + _GROWTH_ALLOWANCE_BYTES
    passed = grown <= allowed
    reason = (
        f"after the first signature the others add {grown / _MIB:.0f} MiB "
        f"({allowed / _MIB:.0f} MiB allowed, the index is {index_bytes / _MIB:.1f} MiB)"
    )
    if not passed:
        reason += ": the signatures do not share one searcher"
    return GateResult("index.memory", passed, float(grown), allowed, reason)


def _latency(p99_ms: float, max_latency_ms: float) -> GateResult:
    passed = p99_ms <= max_latency_ms
    reason = f"99 % of single requests take {p99_ms:.2f} ms or less"
    if not passed:
        reason += (
            f", more than index.max_latency_ms {max_latency_ms}: lower index.recall_target or "
            "index.max_k, or raise the limit"
        )
    return GateResult("index.latency", passed, p99_ms, max_latency_ms, reason)
