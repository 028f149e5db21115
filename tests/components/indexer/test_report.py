"""The reported measurements of tuning."""

from components.indexer.report import pareto_front
from components.indexer.search.query_parameters import MeasuredPlan
from components.indexer.search.search_plan import SearchKind, SearchPlan


def point(recall: float, latency_ms: float) -> MeasuredPlan:
    return MeasuredPlan(SearchPlan(SearchKind.SCANN_HASH, ""), recall, latency_ms, True)


def test_curve_is_the_pareto_front_of_recall_and_latency() -> None:
    best = [point(0.5, 1.0), point(0.8, 2.0), point(0.9, 4.0)]
    beaten = [point(0.5, 1.5), point(0.4, 1.0), point(0.8, 3.0), point(0.7, 5.0)]

    assert (
        pareto_front([beaten[0], best[2], beaten[1], best[0], beaten[2], best[1], beaten[3]])
        == best
    )
    assert pareto_front([]) == []
