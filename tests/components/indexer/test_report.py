"""What of the tuning is reported."""

from components.indexer.report import frontier
from components.indexer.search.plan import SearchKind, SearchPlan
from components.indexer.search.tune import Measured


def point(recall: float, latency_ms: float) -> Measured:
    return Measured(SearchPlan(SearchKind.SCANN_HASH, ""), recall, latency_ms, True)


def test_the_curve_is_what_no_other_way_beats_in_both() -> None:
    best = [point(0.5, 1.0), point(0.8, 2.0), point(0.9, 4.0)]
    beaten = [point(0.5, 1.5), point(0.4, 1.0), point(0.8, 3.0), point(0.7, 5.0)]

    assert frontier([beaten[0], best[2], beaten[1], best[0], beaten[2], best[1], beaten[3]]) == best
    assert frontier([]) == []
