"""The gates of an index, and the faults of outputs that violate the contract."""

import re
from typing import Any

import numpy as np
import pytest

from components.indexer.gate import index_gates
from components.indexer.probe.exact_comparison import overlap, ranking_faults
from components.indexer.search.search_plan import SearchKind, SearchPlan
from schemas.serving import PADDING_SCORE
from schemas.serving_settings import IndexSettings

MIB = 1 << 20
GOOD: dict[str, Any] = {
    "faults": [],
    "signatures": {
        "recommend": {"calls": 3, "overlap": 1.0, "overlap_error": 0.0},
        "query_embedding": {"calls": 3, "overlap": None, "overlap_error": None},
    },
    "memory_bytes": {"first": 100 * MIB, "all": 150 * MIB},
    "latency_ms": {"p50": 1.0, "p99": 4.0},
    "twin": {"signatures": {}, "faults": []},
}


FLAT = SearchPlan(SearchKind.SCANN_BRUTE_FORCE, "few items")


def _similar(mean: float, error: float | None = 0.0) -> dict[str, Any]:
    """The probed summary of `similar_items`."""
    return {"similar_items": {"calls": 3, "overlap": mean, "overlap_error": error}}


def _failed(
    recall: float = 1.0, settings: dict[str, Any] | None = None, **changed: Any
) -> list[str]:
    verdicts = index_gates(
        recall, FLAT, {**GOOD, **changed}, 10 * MIB, IndexSettings(**(settings or {}))
    )
    return [gate.name for gate in verdicts if not gate.passed]


def test_good_index_passes_and_latency_gate_requires_a_limit() -> None:
    assert _failed() == []
    assert "index.latency" not in {
        gate.name for gate in index_gates(1, FLAT, GOOD, 1, IndexSettings())
    }
    assert _failed(settings={"max_latency_ms": 4.0}) == []
    assert _failed(settings={"max_latency_ms": 3.9}) == ["index.latency"]


def test_recall_below_the_target_is_rejected() -> None:
    assert _failed(recall=0.99) == []
    assert _failed(recall=0.98) == ["index.recall"]


@pytest.mark.parametrize(
    ("plan", "remedy"),
    [
        (
            SearchPlan(SearchKind.SCANN_TREE_HASH, "", num_leaves=50, leaves_to_search=7),
            "index.num_leaves to 50 and index.num_leaves_to_search above 7, lower the target",
        ),
        (
            SearchPlan(SearchKind.SCANN_TREE_HASH, "", num_leaves=50, leaves_to_search=50),
            "0.99: lower the target, or set index.kind to exact",
        ),
        (
            SearchPlan(SearchKind.SCANN_HASH, "", reorder_factor=2),
            "0.99: lower the target, or set index.kind to exact",
        ),
    ],
)
def test_remedy_for_low_recall_depends_on_the_plan(plan: SearchPlan, remedy: str) -> None:
    recall_gate = index_gates(0.5, plan, GOOD, 1, IndexSettings())[0]
    assert remedy in recall_gate.reason


def test_faults_and_low_overlap_of_signatures_are_rejected() -> None:
    assert _failed(faults=["recommend: scores are not in descending order"]) == ["index.signatures"]
    assert _failed(signatures=_similar(0.5)) == ["index.signatures"]


@pytest.mark.parametrize(
    ("overlap_mean", "error", "passed"),
    [
        (0.95, 0.0, True),
        (0.93, 0.0, False),
        (0.93, None, False),
        (0.93, 0.019, False),
        (0.93, 0.03, True),  # chance explains it
        (0.665, 0.03, False),
    ],
)
def test_overlap_may_be_below_the_target_by_chance(
    overlap_mean: float, error: float | None, passed: bool
) -> None:
    assert _failed(signatures=_similar(overlap_mean, error)) == (
        [] if passed else ["index.signatures"]
    )


TREE = SearchPlan(SearchKind.SCANN_TREE_HASH, "", num_leaves=50, leaves_to_search=7)


@pytest.mark.parametrize(
    ("plan", "remedy"),
    [
        (TREE, "set index.num_leaves to 50 and index.num_leaves_to_search above 7, lower index.r"),
        (SearchPlan(SearchKind.SCANN_HASH, ""), ": lower index.recall_target, or set index.kind"),
        (SearchPlan(SearchKind.EXACT, ""), "although the search is exact"),
    ],
)
def test_low_overlap_names_the_signature_and_the_keys(plan: SearchPlan, remedy: str) -> None:
    probed = {**GOOD, "signatures": _similar(0.665)}
    gates = index_gates(1.0, FLAT, probed, 1, IndexSettings(), {"similar_items": plan})
    reason = next(gate.reason for gate in gates if gate.name == "index.signatures")
    assert (
        "similar_items: the overlap with exact search is 0.665, expected at least 0.940" in reason
    )
    assert remedy in reason
    assert "violates the contract" not in reason


def test_memory_of_a_second_searcher_is_rejected() -> None:
    allowed = 64 * MIB + 10 * MIB // 2
    assert _failed(memory_bytes={"first": 0, "all": allowed}) == []
    assert _failed(memory_bytes={"first": 0, "all": allowed + 1}) == ["index.memory"]


def _answer(ids: list[str], scores: list[float]) -> dict[str, Any]:
    encoded = np.array([[item.encode() for item in ids]], object)
    return {"item_id": encoded, "score": np.array([scores], np.float32)}


EXACT = _answer(["a", "b", ""], [3.0, 2.0, PADDING_SCORE])


def test_approximate_ranking_has_no_fault_but_less_overlap() -> None:
    near = _answer(["a", "c", ""], [3.0, 1.0, PADDING_SCORE])
    assert ranking_faults(near, EXACT) == []
    assert overlap(near, EXACT) == [0.5]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (_answer(["a", "b"], [3.0, 2.0]), "shape"),
        (_answer(["a", "b", ""], [3.0, np.nan, PADDING_SCORE]), "not finite"),
        (_answer(["a", "", ""], [3.0, PADDING_SCORE, PADDING_SCORE]), "more or fewer items"),
        (_answer(["a", "b", ""], [3.0, 2.0, 0.0]), "padding"),
        (_answer(["a", "a", ""], [3.0, 3.0, PADDING_SCORE]), "twice"),
        (_answer(["b", "a", ""], [2.0, 3.0, PADDING_SCORE]), "descend"),
        (_answer(["hidden", "a", ""], [9.0, 3.0, PADDING_SCORE]), "exceeds the exact score"),
        (_answer(["a", "b", ""], [3.0, 1.5, PADDING_SCORE]), "item b'b' has the score"),
    ],
)
def test_each_violation_of_the_contract_is_reported(answer: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in ranking_faults(answer, EXACT))


INVERTED_FILE = SearchPlan(
    SearchKind.INVERTED_FILE, "leaves of 8 items", num_leaves=50, leaves_to_search=7
)


@pytest.mark.parametrize(
    ("twin", "reason"),
    [
        (
            {"signatures": _similar(0.5), "faults": []},
            "twin: similar_items: the overlap with exact search is 0.500, expected .*: "
            "lower index.recall_target, or set index.kind to exact",
        ),
        (
            {"signatures": _similar(1.0), "faults": ["recommend: a score is not finite"]},
            "twin: recommend: a score is not finite: the exported model violates",
        ),
        (
            {"signatures": {}, "faults": []},
            "twin: its approximate search was not compared with exact search",
        ),
        ({"signatures": _similar(1.0), "faults": []}, None),
    ],
)
def test_twin_is_compared_with_exact_search(twin: dict[str, Any], reason: str | None) -> None:
    plans = {"recommend": INVERTED_FILE}
    settings = IndexSettings()
    verdicts = index_gates(1.0, FLAT, {**GOOD, "twin": twin}, 10 * MIB, settings, twin_plans=plans)
    (gate,) = (gate for gate in verdicts if gate.name == "index.signatures")
    assert gate.passed == (reason is None)
    assert reason is None or re.search(reason, gate.reason)
