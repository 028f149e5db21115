"""Each gate: whether it passes, its value, its threshold and its reason."""

import pytest

from components.evaluator.gate import Metrics, check_model_gates
from components.evaluator.metric_limits import MetricLimits
from components.gate import GateResult
from schemas.evaluation_settings import ModelGateSettings

MODEL = {"recall@10": 0.2, "mrr": 0.1}
BASELINES = {"popularity": {"recall@10": 0.1, "mrr": 0.1}, "markov": {"recall@10": 0.3, "mrr": 0.0}}
LIMITS = MetricLimits({"recall@10": 0.0, "mrr": 0.01}, {"recall@10": 1.0, "mrr": 1.0}, 100)
# Of ten candidates, each is among the first ten.
TEN_CANDIDATES = MetricLimits({"recall@10": 1.0, "mrr": 0.1}, {"recall@10": 1.0, "mrr": 1.0}, 10)
ONE_CANDIDATE = MetricLimits({"recall@10": 1.0, "mrr": 1.0}, {"recall@10": 1.0, "mrr": 1.0}, 1)


def test_model_must_beat_each_named_baseline_or_the_reason_has_a_remedy() -> None:
    settings = ModelGateSettings(beats=("popularity", "markov"), max_drop=None)

    popularity, markov = check_model_gates(settings, MODEL, BASELINES, current=None, limits=LIMITS)

    assert (popularity.name, popularity.passed) == ("model.beats_popularity", True)
    assert (popularity.value, popularity.threshold) == (0.2, 0.1)
    assert (markov.name, markov.passed) == ("model.beats_markov", False)
    assert (markov.value, markov.threshold) == (0.2, 0.3)
    assert "evaluation.gates.beats" in markov.reason


def test_a_model_that_equals_a_baseline_is_rejected() -> None:
    settings = ModelGateSettings(metric="mrr", max_drop=None)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, current=None, limits=LIMITS)

    assert not gate.passed


def test_a_baseline_that_was_left_out_rejects_the_model() -> None:
    (gate,) = check_model_gates(
        ModelGateSettings(beats=("ease",), max_drop=None), MODEL, BASELINES, None, LIMITS
    )

    assert (gate.passed, gate.value, gate.threshold) == (False, 0.2, None)
    assert "ease was left out" in gate.reason
    assert "evaluation.gates.beats" in gate.reason


@pytest.mark.parametrize(("min_value", "passed"), [(0.2, True), (0.21, False)])
def test_min_value(min_value: float, passed: bool) -> None:
    settings = ModelGateSettings(beats=(), min_value=min_value, max_drop=None)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, current=None, limits=LIMITS)

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

    (gate,) = check_model_gates(settings, MODEL, BASELINES, {"recall@10": current}, LIMITS)

    assert (gate.name, gate.passed, gate.threshold) == ("model.max_drop", passed, 0.05)
    assert gate.value == pytest.approx(drop)
    assert ("evaluation.gates.max_drop" in gate.reason) is not passed


def test_max_drop_if_the_metric_of_the_served_model_is_zero() -> None:
    settings = ModelGateSettings(beats=())

    (gate,) = check_model_gates(settings, MODEL, BASELINES, {"recall@10": 0.0}, LIMITS)

    assert gate.passed


def test_no_model_is_served_yet() -> None:
    (gate,) = check_model_gates(
        ModelGateSettings(beats=()), MODEL, BASELINES, current=None, limits=LIMITS
    )

    assert (gate.passed, gate.value, gate.reason) == (True, None, "no model is served yet")


def gates_of(
    metric: str, limits: MetricLimits, model: Metrics, baseline: Metrics, current: Metrics | None
) -> dict[str, GateResult]:
    settings = ModelGateSettings(metric=metric, min_value=0.05)
    gates = check_model_gates(settings, model, {"popularity": baseline}, current, limits)
    return {gate.name.removeprefix("model."): gate for gate in gates}


def test_gates_whose_metric_is_constant_pass_undecided_and_propose_another() -> None:
    model, other = {"recall@10": 1.0, "mrr": 0.4}, {"recall@10": 1.0, "mrr": 0.6}

    gates = gates_of("recall@10", TEN_CANDIDATES, model, other, other)

    assert all(gate.passed for gate in gates.values())
    reason = (
        "undecided: recall@10 is 1.0000 for every ranking, because no query has more than 10 "
        "candidates; set evaluation.gates.metric to mrr (it is 0.4000 for this model)"
    )
    assert gates["beats_popularity"].reason == reason + "; 0.6000 for the baseline popularity"
    assert gates["min_value"].reason == gates["max_drop"].reason == reason
    # The proposed metric decides.
    assert not gates_of("mrr", TEN_CANDIDATES, model, other, other)["beats_popularity"].passed
    assert gates_of("mrr", TEN_CANDIDATES, other, model, model)["beats_popularity"].passed


def test_with_a_single_candidate_no_metric_is_proposed() -> None:
    only = {"recall@10": 1.0, "mrr": 1.0}

    gate = gates_of("mrr", ONE_CANDIDATE, only, only, None)["beats_popularity"]

    assert gate.passed
    assert gate.reason == (
        "undecided: mrr is 1.0000 for every ranking, because every candidate of the queries is "
        "relevant; no other metric can decide"
    )


def test_a_baseline_with_the_largest_possible_value_decides_only_against_a_worse_model() -> None:
    perfect, worse = {"recall@10": 1.0, "mrr": 0.5}, {"recall@10": 0.9, "mrr": 0.5}

    equal = gates_of("recall@10", LIMITS, perfect, perfect, None)["beats_popularity"]

    assert equal.passed
    assert equal.reason.startswith("undecided: recall@10 of the model and of the baseline")
    assert not gates_of("recall@10", LIMITS, worse, perfect, None)["beats_popularity"].passed


def test_a_left_out_baseline_rejects_even_if_the_metric_is_constant() -> None:
    settings = ModelGateSettings(beats=("ease",), max_drop=None)

    (gate,) = check_model_gates(settings, MODEL, BASELINES, None, TEN_CANDIDATES)

    assert not gate.passed
