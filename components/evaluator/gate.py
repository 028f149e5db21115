"""Decides whether a model is good enough to be blessed, each gate with its reason."""

import difflib
from collections.abc import Iterable, Mapping

from components.gate import GateResult
from schemas.errors import InputError
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
      baselines: Those of each baseline on the same targets.
      current: Those of the model that serves now on the same targets; None where none serves.
    """
    name, value = settings.metric, model[settings.metric]
    gates = [_beats(name, value, other, baselines[other][name]) for other in settings.beats]
    if settings.min_value is not None:
        gates.append(_min_value(name, value, settings.min_value))
    if settings.max_drop is not None:
        gates.append(_max_drop(name, value, current, settings.max_drop))
    return gates


def check_settings(
    settings: ModelGateSettings, metrics: Iterable[str], baselines: Iterable[str]
) -> None:
    """Raises InputError where a gate names a metric or a baseline that is not measured."""
    _check_known("evaluation.gates.metric", settings.metric, sorted(metrics))
    for name in settings.beats:
        _check_known("evaluation.gates.beats", name, sorted(baselines))


def _beats(metric: str, value: float, other: str, threshold: float) -> GateResult:
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


def _check_known(key: str, name: str, known: list[str]) -> None:
    if name in known:
        return
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    nearest = f"; the nearest is {close[0]!r}" if close else ""
    raise InputError(f"{key}: {name!r} is not measured{nearest}; known are {', '.join(known)}")
