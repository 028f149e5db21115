"""The gates on a model's metrics: baselines, a minimum value and the currently served model."""

from collections.abc import Mapping

from components.gate import GateResult
from schemas.model_settings import ModelGateSettings

Metrics = Mapping[str, float]


def check_model_gates(
    settings: ModelGateSettings,
    model: Metrics,
    baselines: Mapping[str, Metrics],
    current: Metrics | None,
) -> list[GateResult]:
    """Compares the model with the baselines, the minimum value and the currently served model.

    Args:
      settings: The metric, the baselines to beat and the limits.
      model: The metrics of the model on the test split.
      baselines: The metrics of each baseline on the same queries. The gate of a baseline that was
        left out rejects the model.
      current: The metrics of the currently served model on the same queries; None if no model is
        served.
    """
    metric, value = settings.metric, model[settings.metric]
    gates = [_beats(metric, value, name, baselines.get(name)) for name in settings.beats]
    if settings.min_value is not None:
        gates.append(_min_value(metric, value, settings.min_value))
    if settings.max_drop is not None:
        gates.append(_max_drop(metric, value, current, settings.max_drop))
    return gates


def _beats(metric: str, value: float, name: str, baseline: Metrics | None) -> GateResult:
    if baseline is None:
        reason = (
            f"the baseline {name} was left out, for the reason given under `baselines` in "
            f"metrics.json: remove {name} from evaluation.gates.beats"
        )
        return GateResult(f"model.beats_{name}", False, value, None, reason)
    threshold = baseline[metric]
    passed = value > threshold
    reason = f"{metric} is {value:.4f}; the baseline {name} has {threshold:.4f}"
    if not passed:
        reason += (
            ": the model must exceed the baseline; train longer, check in which slices the model "
            f"is worse, or remove {name} from evaluation.gates.beats"
        )
    return GateResult(f"model.beats_{name}", passed, value, threshold, reason)


def _min_value(metric: str, value: float, threshold: float) -> GateResult:
    passed = value >= threshold
    reason = f"{metric} is {value:.4f}; the required minimum is {threshold:.4f}"
    if not passed:
        reason += ": improve the model, or lower evaluation.gates.min_value"
    return GateResult("model.min_value", passed, value, threshold, reason)


def _max_drop(metric: str, value: float, current: Metrics | None, threshold: float) -> GateResult:
    gate = "model.max_drop"
    if current is None:
        return GateResult(gate, True, None, threshold, "no model is served yet")
    current_value = current[metric]
    drop = 1.0 - value / current_value if current_value > 0 else 0.0
    passed = drop <= threshold
    reason = f"{metric} is {value:.4f}; the currently served model has {current_value:.4f}"
    if not passed:
        reason += (
            f": it is {drop:.1%} lower, more than the {threshold:.1%} allowed; keep the served "
            "model, or raise evaluation.gates.max_drop"
        )
    return GateResult(gate, passed, drop, threshold, reason)
