"""The gates with limits: whether they pass, their numbers and their reasons."""

from typing import Any

import pytest

from components.evaluator.limit_gates import coverage_gates, embedding_gates, minimum_gates
from components.evaluator.metric_limits import MetricLimits
from schemas.evaluation_settings import ModelGateSettings

MODEL = {"recall@10": 0.2, "mrr": 0.1, "coverage@10": 0.5}
LIMITS = MetricLimits({"recall@10": 0.0, "mrr": 0.01}, {"recall@10": 1.0, "mrr": 1.0}, 100)
# Of ten candidates, each is among the first ten.
TEN_CANDIDATES = MetricLimits({"recall@10": 1.0, "mrr": 0.1}, {"recall@10": 1.0, "mrr": 1.0}, 10)
ONE_CANDIDATE = MetricLimits({"recall@10": 1.0, "mrr": 1.0}, {"recall@10": 1.0, "mrr": 1.0}, 1)


@pytest.mark.parametrize(("min_value", "passed"), [(0.2, True), (0.21, False)])
def test_min_value(min_value: float, passed: bool) -> None:
    (gate,) = minimum_gates(ModelGateSettings(min_value=min_value), MODEL, LIMITS)

    assert (gate.name, gate.passed, gate.value) == ("model.min_value", passed, 0.2)
    assert gate.threshold == min_value
    assert minimum_gates(ModelGateSettings(), MODEL, LIMITS) == []


def test_a_minimum_of_a_constant_metric_is_undecided_unless_it_is_missed() -> None:
    model = {"recall@10": 1.0, "mrr": 0.1}
    (gate,) = minimum_gates(ModelGateSettings(min_value=0.5), model, TEN_CANDIDATES)
    assert gate.is_warning
    (missed,) = minimum_gates(ModelGateSettings(min_value=0.5, metric="mrr"), model, ONE_CANDIDATE)
    assert not missed.passed


@pytest.mark.parametrize(
    ("num_queries", "num_items", "threshold", "passed"),
    [(1000, 200, 0.6, False), (1000, 10_000, 0.6, False), (800, 10_000, 0.48, True)],
)
def test_coverage_is_limited_by_what_the_queries_allow(
    num_queries: int, num_items: int, threshold: float, passed: bool
) -> None:
    settings = ModelGateSettings(min_coverage=0.6)

    (gate,) = coverage_gates(settings, MODEL, num_queries, num_items)

    assert (gate.name, gate.passed, gate.value) == ("model.coverage", passed, 0.5)
    assert gate.threshold == pytest.approx(threshold)
    assert ("lower evaluation.gates.min_coverage" in gate.reason) is not passed
    assert coverage_gates(ModelGateSettings(min_coverage=None), MODEL, 1, 1) == []


def health(query: float = 9.0, candidate: float = 8.0, spread: float = 0.9) -> dict[str, Any]:
    return {
        "dim": 16,
        "query": {"effective_rank": query, "spread": spread},
        "candidate": {"effective_rank": candidate, "spread": 0.9},
    }


@pytest.mark.parametrize(
    ("values", "value", "passed", "text"),
    [
        (health(), 8.0, True, "is 9.0 for queries and 8.0 for items"),
        (health(query=1.4), 1.4, False, "is 1.4 for queries"),
        (health(candidate=1.0), 1.0, False, "the embeddings have collapsed"),
        (health(spread=1e-5), 8.0, False, "the query embeddings are almost equal"),
    ],
)
def test_collapsed_embeddings_are_rejected(
    values: dict[str, Any], value: float, passed: bool, text: str
) -> None:
    (gate,) = embedding_gates(ModelGateSettings(), values, 100, 100)

    assert (gate.name, gate.passed) == ("model.embedding_health", passed)
    assert (gate.value, gate.threshold) == (value, 2.0)
    assert text in gate.reason
    assert ("evaluation.gates.min_effective_rank" in gate.reason) is not passed


@pytest.mark.parametrize(("num_queries", "num_items"), [(19, 100), (100, 19)])
def test_few_embeddings_are_undecided(num_queries: int, num_items: int) -> None:
    (gate,) = embedding_gates(ModelGateSettings(), health(candidate=0.0), num_queries, num_items)
    assert gate.is_warning
    settings = ModelGateSettings(min_effective_rank=None)
    assert embedding_gates(settings, health(0.0), 100, 100) == []
