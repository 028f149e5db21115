"""The gates on a model by itself: against baselines, minimum, coverage and embedding health."""

from collections.abc import Mapping
from typing import Any

from components.evaluator.metric_limits import SENSITIVE_METRIC, MetricLimits
from components.evaluator.paired_comparison import PairedComparison
from components.gate import GateResult, Verdict
from schemas.evaluation_settings import ModelGateSettings
from schemas.metrics import COVERAGE, LIST_LENGTH

Metrics = Mapping[str, float]

# Embeddings are almost equal if their variance is at most this share of their mean squared norm:
# their standard deviation is then 1 % of their norm.
_MIN_SPREAD = 1e-4
# The effective rank of fewer embeddings is at most their number, and thus low by itself.
_MIN_EMBEDDINGS = 20


def why_undecided(metric: str, model: Metrics, limits: MetricLimits) -> str | None:
    """Returns why the metric cannot compare rankings, and what to do; None if it can."""
    if not limits.is_constant(metric):
        return None
    reason = f"undecided: {metric} is {model[metric]:.4f} for every ranking, because "
    if limits.is_constant(SENSITIVE_METRIC):
        return reason + "every candidate of the queries is relevant; no other metric can decide"
    return (
        f"{reason}no query has more than {limits.max_candidates} candidates; set "
        f"evaluation.gates.metric to {SENSITIVE_METRIC} (it is {model[SENSITIVE_METRIC]:.4f} for "
        "this model)"
    )


def baseline_gates(
    settings: ModelGateSettings,
    model: Metrics,
    baselines: Mapping[str, Metrics],
    comparisons: Mapping[str, PairedComparison],
    limits: MetricLimits,
) -> list[GateResult]:
    """Compares the model with each baseline by the interval of their paired difference.

    The verdict is "undecided" if the metric has the same value for every ranking, or if the model
    and the baseline have the largest possible value. The gate then passes, and its reason begins
    with "undecided".

    Args:
      settings: The metric, and the baselines of which the model must be better, or not worse.
      model: The metrics of the model on the test split.
      baselines: The metrics of each baseline that was not left out, on the same queries.
      comparisons: For the same baselines, the comparison of the model with it by the metric.
      limits: The worst and best values of the metrics on these queries.

    Returns:
      One result for each baseline that the settings name. Its value is the difference, model minus
      baseline; its threshold is the smallest difference that would pass at the spread of these
      users. A baseline that was left out rejects a model that must be better.
    """
    named = settings.not_worse_than
    compared = tuple(baselines) if named is None else named
    names = dict.fromkeys((*settings.better_than, *compared))
    ordered = [name for name in baselines if name in names]
    left_out = [name for name in names if name not in baselines]
    doubt = why_undecided(settings.metric, model, limits)
    return [
        *(
            _against_baseline(settings, name, baselines[name], comparisons[name], limits, doubt)
            for name in ordered
        ),
        *(_left_out(settings, name) for name in left_out),
    ]


def _against_baseline(
    settings: ModelGateSettings,
    name: str,
    baseline: Metrics,
    comparison: PairedComparison,
    limits: MetricLimits,
    doubt: str | None,
) -> GateResult:
    gate = f"model.against_{name}"
    difference = comparison.difference
    if doubt is not None:
        if not limits.is_constant(SENSITIVE_METRIC):
            doubt += f"; {baseline[SENSITIVE_METRIC]:.4f} for the baseline {name}"
        return GateResult(gate, True, difference, None, doubt, Verdict.UNDECIDED)
    if all(limits.is_best(settings.metric, v) for v in (comparison.value, comparison.other)):
        reason = (
            f"undecided: {settings.metric} of the model and of the baseline {name} is "
            f"{comparison.value:.4f}, the largest possible value on these queries"
        )
        return GateResult(gate, True, difference, None, reason, Verdict.UNDECIDED)
    verdict = comparison.verdict()
    must_be_better = name in settings.better_than
    passed = verdict is Verdict.BETTER or (verdict is Verdict.UNDECIDED and not must_be_better)
    threshold = comparison.smallest_accepted()
    if must_be_better:
        threshold = difference - comparison.low
    reason = f"{verdict.value}: {comparison.describe(f'the baseline {name}')}"
    if verdict is Verdict.UNDECIDED:
        reason += f"; {comparison.describe_doubt()}"
    if not passed:
        reason += f": {_baseline_remedy(name, must_be_better)}"
    return GateResult(gate, passed, difference, threshold, reason, verdict)


def _baseline_remedy(name: str, must_be_better: bool) -> str:
    if must_be_better:
        return (
            "the model must be better than this baseline; train longer or on more data, check in "
            f"which slices it is not, or remove {name} from evaluation.gates.better_than"
        )
    return (
        "train longer or on more data, check in which slices the model is worse, or leave "
        f"{name} out of evaluation.gates.not_worse_than (by default, every baseline)"
    )


def _left_out(settings: ModelGateSettings, name: str) -> GateResult:
    gate = f"model.against_{name}"
    reason = (
        f"the baseline {name} was left out, for the reason given under `baselines` in metrics.json"
    )
    if name in settings.better_than:
        remedy = f"remove {name} from evaluation.gates.better_than"
        return GateResult(gate, False, None, None, f"{reason}: {remedy}")
    return GateResult(gate, True, None, None, f"undecided: {reason}", Verdict.UNDECIDED)


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
