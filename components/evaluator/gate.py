"""The gates on a model's metrics: baselines, a minimum value and the currently served model."""

from collections.abc import Mapping

from components.evaluator.metric_limits import SENSITIVE_METRIC, MetricLimits
from components.gate import GateResult
from schemas.evaluation_settings import ModelGateSettings

Metrics = Mapping[str, float]


def check_model_gates(
    settings: ModelGateSettings,
    model: Metrics,
    baselines: Mapping[str, Metrics],
    current: Metrics | None,
    limits: MetricLimits,
) -> list[GateResult]:
    """Compares the model with the baselines, the minimum value and the currently served model.

    A gate cannot decide if its metric has the same value for every ranking, or if a baseline has
    the largest possible value. It then passes, and its reason begins with "undecided".

    Args:
      settings: The metric, the baselines to beat and the limits.
      model: The metrics of the model on the test split.
      baselines: The metrics of each baseline on the same queries. The gate of a baseline that was
        left out rejects the model.
      current: The metrics of the currently served model on the same queries; None if no model is
        served.
      limits: The worst and best values of the metrics on these queries.
    """
    metric, value = settings.metric, model[settings.metric]
    undecided = _undecided(metric, model, limits)
    gates = [
        _beats(metric, value, name, baselines.get(name), limits, undecided)
        for name in settings.beats
    ]
    if settings.min_value is not None:
        gates.append(_min_value(metric, value, settings.min_value, undecided))
    if settings.max_drop is not None:
        gates.append(_max_drop(metric, value, current, settings.max_drop, undecided))
    return gates


def _undecided(metric: str, model: Metrics, limits: MetricLimits) -> str | None:
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


def _beats(
    metric: str,
    value: float,
    name: str,
    baseline: Metrics | None,
    limits: MetricLimits,
    undecided: str | None,
) -> GateResult:
    gate = f"model.beats_{name}"
    if baseline is None:
        reason = (
            f"the baseline {name} was left out, for the reason given under `baselines` in "
            f"metrics.json: remove {name} from evaluation.gates.beats"
        )
        return GateResult(gate, False, value, None, reason)
    threshold = baseline[metric]
    if undecided is not None:
        if not limits.is_constant(SENSITIVE_METRIC):
            undecided += f"; {baseline[SENSITIVE_METRIC]:.4f} for the baseline {name}"
        return GateResult(gate, True, value, threshold, undecided)
    if limits.is_best(metric, value) and limits.is_best(metric, threshold):
        reason = (
            f"undecided: {metric} of the model and of the baseline {name} is {value:.4f}, the "
            "largest possible value on these queries"
        )
        return GateResult(gate, True, value, threshold, reason)
    passed = value > threshold
    reason = f"{metric} is {value:.4f}; the baseline {name} has {threshold:.4f}"
    if not passed:
        reason += (
            ": the model must exceed the baseline; train longer, check in which slices the model "
            f"is worse, or remove {name} from evaluation.gates.beats"
        )
    return GateResult(gate, passed, value, threshold, reason)


def _min_value(metric: str, value: float, threshold: float, undecided: str | None) -> GateResult:
    passed = value >= threshold
    if passed and undecided is not None:
        return GateResult("model.min_value", True, value, threshold, undecided)
    reason = f"{metric} is {value:.4f}; the required minimum is {threshold:.4f}"
    if not passed:
        reason += ": improve the model, or lower evaluation.gates.min_value"
    return GateResult("model.min_value", passed, value, threshold, reason)


def _max_drop(
    metric: str,
    value: float,
    current: Metrics | None,
    threshold: float,
    undecided: str | None,
) -> GateResult:
    gate = "model.max_drop"
    if current is None:
        return GateResult(gate, True, None, threshold, "no model is served yet")
    current_value = current[metric]
    drop = 1.0 - value / current_value if current_value > 0 else 0.0
    passed = drop <= threshold
    if passed and undecided is not None:
        return GateResult(gate, True, drop, threshold, undecided)
    reason = f"{metric} is {value:.4f}; the currently served model has {current_value:.4f}"
    if not passed:
        reason += (
            f": it is {drop:.1%} lower, more than the {threshold:.1%} allowed; keep the served "
            "model, or raise evaluation.gates.max_drop"
        )
    return GateResult(gate, passed, drop, threshold, reason)
