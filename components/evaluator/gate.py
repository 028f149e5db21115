"""Decides whether a model is good enough to be blessed, each gate with its reason."""

from collections.abc import Mapping

from components.gate import GateResult
from schemas.model_settings import ModelGateSettings

Metrics = Mapping[str, float]


def judge(
    settings: ModelGateSettings,
    model: Metrics,
    baselines: Mapping[str, Metrics],
    current: Metrics | None,
) -> list[GateResult]:
    """Compares the model with the baselines, with a floor, and with what serves now.

    Args:
      settings: Which metric, which baselines, which limits.
      model: The model's metrics on the test targets.
      baselines: Those of each baseline on the same targets; one that was left out is beaten by
        nothing.
      current: Those of the model that serves now on the same targets; None where none serves.
    """
    name, value = settings.metric, model[settings.metric]
    gates = [_beats(name, value, other, baselines.get(other)) for other in settings.beats]
    if settings.min_value is not None:
        gates.append(_min_value(name, value, settings.min_value))
    if settings.max_drop is not None:
        gates.append(_max_drop(name, value, current, settings.max_drop))
    return gates


def _beats(metric: str, value: float, other: str, measured: Metrics | None) -> GateResult:
    if measured is None:
        reason = (
            f"{other} was left out, for the reason that stands under baselines in metrics.json: "
            "take it out of evaluation.gates.beats"
        )
        return GateResult(f"model.beats_{other}", False, value, None, reason)
    threshold = measured[metric]
    passed = value > threshold
    reason = f"{metric} {value:.4f} against {threshold:.4f} of {other}"
    if not passed:
        reason += (
            ": the model does not beat it; train longer, look at the slices for where it loses, or "
            f"take {other} out of evaluation.gates.beats"
        )
    return GateResult(f"model.beats_{other}", passed, value, threshold, reason)


def _min_value(metric: str, value: float, threshold: float) -> GateResult:
    passed = value >= threshold
    reason = f"{metric} {value:.4f}, at least {threshold:.4f} is asked for"
    if not passed:
        reason += ": improve the model, or lower evaluation.gates.min_value"
    return GateResult("model.min_value", passed, value, threshold, reason)


def _max_drop(metric: str, value: float, current: Metrics | None, threshold: float) -> GateResult:
    gate = "model.max_drop"
    if current is None:
        return GateResult(gate, True, None, threshold, "nothing serves yet")
    serving = current[metric]
    drop = 1.0 - value / serving if serving > 0 else 0.0
    passed = drop <= threshold
    reason = f"{metric} {value:.4f} against {serving:.4f} of the model that serves now"
    if not passed:
        reason += (
            f": {drop:.1%} lower, more than the {threshold:.1%} allowed; keep what serves, or "
            "raise evaluation.gates.max_drop"
        )
    return GateResult(gate, passed, drop, threshold, reason)
