"""Gates: each verdict, its numbers and its reason."""

import pytest

from components.evaluator.gate import judge
from schemas.model_settings import ModelGateSettings

MODEL = {"recall@10": 0.2, "mrr": 0.1}
BASELINES = {"popularity": {"recall@10": 0.1, "mrr": 0.1}, "markov": {"recall@10": 0.3, "mrr": 0.0}}


def test_beats_each_named_baseline_or_says_what_to_do() -> None:
    settings = ModelGateSettings(beats=("popularity", "markov"), max_drop=None)

    popularity, markov = judge(settings, MODEL, BASELINES, current=None)

    assert (popularity.name, popularity.passed) == ("model.beats_popularity", True)
    assert (popularity.value, popularity.threshold) == (0.2, 0.1)
    assert (markov.name, markov.passed) == ("model.beats_markov", False)
    assert (markov.value, markov.threshold) == (0.2, 0.3)
    assert "evaluation.gates.beats" in markov.reason


def test_equal_to_a_baseline_does_not_beat_it() -> None:
    settings = ModelGateSettings(metric="mrr", max_drop=None)

    (gate,) = judge(settings, MODEL, BASELINES, current=None)

    assert not gate.passed


def test_a_baseline_that_was_left_out_is_not_beaten() -> None:
    (gate,) = judge(ModelGateSettings(beats=("ease",), max_drop=None), MODEL, BASELINES, None)

    assert (gate.passed, gate.value, gate.threshold) == (False, 0.2, None)
    assert "ease was left out" in gate.reason
    assert "evaluation.gates.beats" in gate.reason


@pytest.mark.parametrize(("min_value", "passed"), [(0.2, True), (0.21, False)])
def test_min_value(min_value: float, passed: bool) -> None:
    settings = ModelGateSettings(beats=(), min_value=min_value, max_drop=None)

    (gate,) = judge(settings, MODEL, BASELINES, current=None)

    assert (gate.name, gate.passed, gate.value) == ("model.min_value", passed, 0.2)
    assert gate.threshold == min_value


@pytest.mark.parametrize(
    ("current", "drop", "passed"),
    [(0.25, 1 - 0.2 / 0.25, False), (0.21, 1 - 0.2 / 0.21, True), (0.1, 1 - 0.2 / 0.1, True)],
)
def test_max_drop_is_relative_to_what_serves(current: float, drop: float, passed: bool) -> None:
    settings = ModelGateSettings(beats=(), max_drop=0.05)

    (gate,) = judge(settings, MODEL, BASELINES, {"recall@10": current})

    assert (gate.name, gate.passed, gate.threshold) == ("model.max_drop", passed, 0.05)
    assert gate.value == pytest.approx(drop)
    assert ("evaluation.gates.max_drop" in gate.reason) is not passed


def test_max_drop_against_a_model_that_finds_nothing() -> None:
    settings = ModelGateSettings(beats=())

    (gate,) = judge(settings, MODEL, BASELINES, {"recall@10": 0.0})

    assert gate.passed


def test_nothing_serves_yet() -> None:
    (gate,) = judge(ModelGateSettings(beats=()), MODEL, BASELINES, current=None)

    assert (gate.passed, gate.value, gate.reason) == (True, None, "nothing serves yet")
