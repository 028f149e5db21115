"""Each gate: whether it passes, its value, its threshold and its reason."""

import pytest

from components.evaluator.gate import check_model_gates
from schemas.model_settings import ModelGateSettings

MODEL = {"recall@10": 0.2, "mrr": 0.1}
BASELINES = {"popularity": {"recall@10": 0.1, "mrr": 0.1}, "markov": {"recall@10": 0.3, "mrr": 0.0}}


def test_model_must_beat_each_named_baseline_or_the_reason_has_a_remedy() -> None:
    settings = ModelGateSettings(beats=("popularity", "markov"), max_drop=None)

    popularity, markov = check_model_gates(settings, MODEL, BASELINES, current=None)

    assert (popularity.name, popularity.passed) == ("model.beats_popularity", True)
    assert (popularity.value, popularity.threshold) == (0.2, 0.1)
    assert (markov.name, markov.passed) == ("model.beats_markov", False)
    assert (markov.value, markov.threshold) == (0.2, 0.3)
    assert "evaluation.gates.beats" in markov.reason


def test_a_model_that_equals_a_baseline_is_rejected() -> None:
    settings = ModelGateSettings(metric="mrr", max_drop=None)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, current=None)

    assert not gate.passed


def test_a_baseline_that_was_left_out_rejects_the_model() -> None:
    (gate,) = check_model_gates(
        ModelGateSettings(beats=("ease",), max_drop=None), MODEL, BASELINES, None
    )

    assert (gate.passed, gate.value, gate.threshold) == (False, 0.2, None)
    assert "ease was left out" in gate.reason
    assert "evaluation.gates.beats" in gate.reason


@pytest.mark.parametrize(("min_value", "passed"), [(0.2, True), (0.21, False)])
def test_min_value(min_value: float, passed: bool) -> None:
    settings = ModelGateSettings(beats=(), min_value=min_value, max_drop=None)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, current=None)

    assert (gate.name, gate.passed, gate.value) == ("model.min_value", passed, 0.2)
    assert gate.threshold == min_value


@pytest.mark.parametrize(
    ("current", "drop", "passed"),
    [(0.25, 1 - 0.2 / 0.25, False), (0.21, 1 - 0.2 / 0.21, True), (0.1, 1 - 0.2 / 0.1, True)],
)
def test_max_drop_is_relative_to_the_currently_served_model(
    current: float, drop: float, passed: bool
) -> None:
    settings = ModelGateSettings(beats=(), max_drop=0.05)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, {"recall@10": current})

    assert (gate.name, gate.passed, gate.threshold) == ("model.max_drop", passed, 0.05)
    assert gate.value == pytest.approx(drop)
    assert ("evaluation.gates.max_drop" in gate.reason) is not passed


def test_max_drop_if_the_metric_of_the_served_model_is_zero() -> None:
    settings = ModelGateSettings(beats=())

    (gate,) = check_model_gates(settings, MODEL, BASELINES, {"recall@10": 0.0})

    assert gate.passed


def test_no_model_is_served_yet() -> None:
    (gate,) = check_model_gates(ModelGateSettings(beats=()), MODEL, BASELINES, current=None)

    assert (gate.passed, gate.value, gate.reason) == (True, None, "no model is served yet")
