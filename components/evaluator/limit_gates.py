"""The gates that limit what is measured of a model: metric, coverage, embeddings."""

from collections.abc import Mapping
from typing import Any

from components.evaluator.metric_limits import MetricLimits, Metrics, why_undecided
from components.gate import GateResult, Verdict
from schemas.evaluation_settings import ModelGateSettings
from schemas.metrics import COVERAGE, LIST_LENGTH

# Embeddings are almost equal if their variance is at most this share of their mean squared norm:
# their standard deviation is then 1 % of their norm.
_MIN_SPREAD = 1e-4
# The effective rank of fewer embeddings is at most their number, and thus low by itself.
_MIN_EMBEDDINGS = 20


def minimum_gates(
    settings: ModelGateSettings, model: Metrics, limits: MetricLimits
) -> list[GateResult]:
    """Compares the model's metric with the minimum of the settings, if there is one."""
    minimum = settings.min_value
    if minimum is None:
        return []
    value = model[settings.metric]
    passed = value >= minimum
    doubt = why_undecided(settings.metric, model, limits)
    if passed and doubt is not None:
        verdict = Verdict.UNDECIDED
        return [GateResult("model.min_value", True, value, minimum, doubt, verdict)]
    reason = f"{settings.metric} is {value:.4f}; the required minimum is {minimum:.4f}"
    if not passed:
        reason += ": improve the model, or lower evaluation.gates.min_value"
    return [GateResult("model.min_value", passed, value, minimum, reason)]


def coverage_gates(
    settings: ModelGateSettings, model: Metrics, num_queries: int, num_items: int
) -> list[GateResult]:
    """Limits from below how much of the catalogue is recommended, if the settings have a limit.

    The limit is a share of the largest coverage that lists of LIST_LENGTH items can have.
    """
    if settings.min_coverage is None:
        return []
    value = model[COVERAGE]
    possible = min(1.0, LIST_LENGTH * num_queries / num_items)
    minimum = settings.min_coverage * possible
    passed = value >= minimum
    reason = (
        f"{round(value * num_items):,} of {num_items:,} items are recommended to a user of the "
        f"test split: {COVERAGE} is {value:.4f}, at least {minimum:.4f} is required, which is "
        f"{100 * settings.min_coverage:.4g} % of what {num_queries:,} queries allow"
    )
    if not passed:
        reason += (
            ": the model recommends the same few items to everyone; check the embeddings under "
            "`diagnosis` in metrics.json, train longer, or lower evaluation.gates.min_coverage"
        )
    return [GateResult("model.coverage", passed, value, minimum, reason)]


def embedding_gates(
    settings: ModelGateSettings, health: Mapping[str, Any], num_queries: int, num_items: int
) -> list[GateResult]:
    """Rejects collapsed embeddings: almost equal, or in few dimensions.

    A low effective rank is the dimensional collapse of Jing et al. (2022, "Understanding
    Dimensional Collapse in Contrastive Self-supervised Learning").

    Args:
      settings: The smallest accepted effective rank; None switches the gate off.
      health: The result of `embedding_health`.
      num_queries: Number of query embeddings.
      num_items: Number of candidate embeddings.
    """
    minimum = settings.min_effective_rank
    if minimum is None:
        return []
    gate = "model.embedding_health"
    ranks = {name: health[name]["effective_rank"] for name in ("query", "candidate")}
    value = min(ranks.values())
    if min(num_queries, num_items) < _MIN_EMBEDDINGS:
        reason = (
            f"undecided: the test split has {num_queries} queries and the catalogue {num_items} "
            f"items, and {_MIN_EMBEDDINGS} of each are needed for a verdict on their embeddings"
        )
        return [GateResult(gate, True, value, minimum, reason, Verdict.UNDECIDED)]
    reason = (
        f"the effective rank of the {health['dim']} dimensions is {ranks['query']:.1f} for queries "
        f"and {ranks['candidate']:.1f} for items; at least {minimum:g} is required"
    )
    equal = [name for name in ranks if health[name]["spread"] <= _MIN_SPREAD]
    if equal:
        reason += f"; the {' and the '.join(equal)} embeddings are almost equal to each other"
    passed = value >= minimum and not equal
    if not passed:
        reason += (
            ": the embeddings have collapsed; lower train.learning_rate, check the features for "
            "constant or extreme values, or change evaluation.gates.min_effective_rank (null "
            "switches the gate off)"
        )
    return [GateResult(gate, passed, value, minimum, reason)]
