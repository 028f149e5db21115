"""The gates against baselines: whether they pass, their numbers and their reasons."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.evaluator.baseline_gates import baseline_gates
from components.evaluator.metric_limits import MetricLimits, Metrics
from components.evaluator.paired_comparison import PairedComparison
from components.gate import GateResult, Verdict
from schemas.evaluation_settings import ModelGateSettings

MODEL = {"recall@10": 0.2, "mrr": 0.1, "coverage@10": 0.5}
BASELINES = {
    "popularity": {"recall@10": 0.1, "mrr": 0.05},
    "markov": {"recall@10": 0.19, "mrr": 0.0},
    "ease": {"recall@10": 0.3, "mrr": 0.2},
}
LIMITS = MetricLimits({"recall@10": 0.0, "mrr": 0.01}, {"recall@10": 1.0, "mrr": 1.0}, 100)
# Of ten candidates, each is among the first ten.
TEN_CANDIDATES = MetricLimits({"recall@10": 1.0, "mrr": 0.1}, {"recall@10": 1.0, "mrr": 1.0}, 10)
ONE_CANDIDATE = MetricLimits({"recall@10": 1.0, "mrr": 1.0}, {"recall@10": 1.0, "mrr": 1.0}, 1)


def gates_of(
    model: Metrics = MODEL,
    baselines: Mapping[str, Metrics] | None = None,
    limits: MetricLimits = LIMITS,
    half_width: float = 0.02,
    num_users: int = 500,
    **settings: Any,
) -> dict[str, GateResult]:
    """Returns the gates by baseline; all intervals have the same width."""
    measured = BASELINES if baselines is None else baselines
    gates = ModelGateSettings(**settings)
    metric = gates.metric
    comparisons = {}
    for name, values in measured.items():
        difference = model[metric] - values[metric]
        comparisons[name] = PairedComparison(
            metric,
            model[metric],
            values[metric],
            difference - half_width,
            difference + half_width,
            num_users,
        )
    results = baseline_gates(gates, model, measured, comparisons, limits)
    return {gate.name.removeprefix("model.against_"): gate for gate in results}


def test_only_a_baseline_that_is_better_rejects_by_default() -> None:
    gates = gates_of()

    verdicts = {name: (gate.passed, gate.verdict) for name, gate in gates.items()}
    assert verdicts == {
        "popularity": (True, Verdict.BETTER),
        "markov": (True, Verdict.UNDECIDED),
        "ease": (False, Verdict.WORSE),
    }
    assert [gate.is_warning for gate in gates.values()] == [False, True, False]
    assert gates["popularity"].reason == (
        "better: recall@10 is 0.2000, that of the baseline popularity 0.1000; difference +0.1000, "
        "95 % interval +0.0800 to +0.1200, 500 users"
    )
    assert gates["markov"].reason == (
        "undecided: recall@10 is 0.2000, that of the baseline markov 0.1900; difference +0.0100, "
        "95 % interval -0.0100 to +0.0300, 500 users; with so many users, a difference below "
        "about 0.0200 cannot be distinguished from chance"
    )
    assert gates["ease"].reason.startswith("worse: recall@10 is 0.2000, that of the baseline ease")
    assert "leave ease out of evaluation.gates.not_worse_than" in gates["ease"].reason


def test_the_value_passes_if_it_reaches_the_threshold() -> None:
    gates = gates_of(better_than=("markov", "popularity"))

    for gate in gates.values():
        assert gate.value is not None
        assert gate.threshold is not None
        assert gate.passed is (gate.value >= gate.threshold)
    assert (gates["ease"].value, gates["ease"].threshold) == pytest.approx((-0.1, -0.02))
    assert (gates["markov"].value, gates["markov"].threshold) == pytest.approx((0.01, 0.02))


def test_settings_name_the_baselines_and_what_is_required_of_each() -> None:
    assert list(gates_of(not_worse_than=())) == []
    assert list(gates_of(not_worse_than=("markov",))) == ["markov"]

    gates = gates_of(not_worse_than=("popularity",), better_than=("markov",))

    assert [(name, gate.passed) for name, gate in gates.items()] == [
        ("popularity", True), ("markov", False),
    ]  # fmt: skip
    assert "must be better than this baseline" in gates["markov"].reason
    assert "remove markov from evaluation.gates.better_than" in gates["markov"].reason


def test_few_users_reject_only_where_the_model_must_be_better() -> None:
    assert all(gate.is_warning for gate in gates_of(num_users=29).values())
    assert not gates_of(num_users=29, better_than=("popularity",))["popularity"].passed


def test_a_baseline_that_was_left_out_rejects_a_model_that_must_be_better() -> None:
    some = {name: BASELINES[name] for name in ("popularity", "markov")}

    assert "ease" not in gates_of(baselines=some)
    required = gates_of(baselines=some, better_than=("ease",))["ease"]
    compared = gates_of(baselines=some, not_worse_than=("ease",))["ease"]

    assert (required.passed, required.value, required.threshold) == (False, None, None)
    assert "ease was left out" in required.reason
    assert "remove ease from evaluation.gates.better_than" in required.reason
    assert compared.is_warning


def test_gates_whose_metric_is_constant_pass_undecided_and_propose_another() -> None:
    model = {"recall@10": 1.0, "mrr": 0.4}
    other = {"popularity": {"recall@10": 1.0, "mrr": 0.6}}

    gate = gates_of(model, other, TEN_CANDIDATES, better_than=("popularity",))["popularity"]

    assert gate.is_warning
    assert gate.reason == (
        "undecided: recall@10 is 1.0000 for every ranking, because no query has more than 10 "
        "candidates; set evaluation.gates.metric to mrr (it is 0.4000 for this model)"
        "; 0.6000 for the baseline popularity"
    )
    # The proposed metric decides.
    assert not gates_of(model, other, TEN_CANDIDATES, metric="mrr")["popularity"].passed


def test_with_a_single_candidate_no_metric_is_proposed() -> None:
    only = {"recall@10": 1.0, "mrr": 1.0}

    gate = gates_of(only, {"popularity": only}, ONE_CANDIDATE, metric="mrr")["popularity"]

    assert gate.is_warning
    assert gate.reason == (
        "undecided: mrr is 1.0000 for every ranking, because every candidate of the queries is "
        "relevant; no other metric can decide"
    )


def test_a_baseline_with_the_largest_possible_value_decides_only_against_a_worse_model() -> None:
    perfect, worse = {"recall@10": 1.0, "mrr": 0.5}, {"recall@10": 0.9, "mrr": 0.5}
    must = ("popularity",)

    equal = gates_of(perfect, {"popularity": perfect}, half_width=0.0, better_than=must)

    assert equal["popularity"].is_warning
    assert equal["popularity"].reason.startswith("undecided: recall@10 of the model and of the b")
    assert not gates_of(worse, {"popularity": perfect})["popularity"].passed
