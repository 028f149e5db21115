"""The comparison of searches: its vectors, its yardstick, tuning of a fake method, the table."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.retrieval import measure as retrieval_measure
from benchmarks.retrieval import tuning as retrieval_tuning
from benchmarks.retrieval.__main__ import compared, main
from benchmarks.retrieval.core import one_core
from benchmarks.retrieval.data import KINDS, NORMALISED, UNNORMALISED, Vectors, from_file, generate
from benchmarks.retrieval.measure import ExactSearch, Timing, recall
from benchmarks.retrieval.peers import load
from benchmarks.retrieval.peers.peer import Settings, Task, geometric
from benchmarks.retrieval.peers.spaces import CENTRED, EUCLIDEAN, GIVEN, Space
from benchmarks.retrieval.table import render
from benchmarks.retrieval.tuning import build, choose
from schemas.errors import InputError

K = 10


class FakePeer:
    """Exact search that gives only the first `depth` rows; asking costs `depth` × `cost`."""

    def __init__(self, name: str, cost: float = 1.0, top: int = K, target: float | None = None):
        self.settings: Settings = {"name": name}
        self.target = target
        self.cost, self.top, self.depth = cost, top, 0
        self.asked: list[int] = []

    def build(self, items: np.ndarray, queries: np.ndarray) -> None:
        self.exact = ExactSearch(items)
        self.built_by = queries

    def size_bytes(self) -> int:
        return 1_500_000

    def ladders(self) -> list[list[Settings]]:
        return [[{"depth": depth} for depth in range(1, self.top + 1)]]

    def use(self, way: Settings) -> None:
        self.depth = way["depth"]

    def search(self, queries: np.ndarray, k: int) -> np.ndarray:
        self.asked.append(self.depth)
        rows = self.exact(queries, k)
        rows[:, self.depth :] = -1
        return rows


@pytest.fixture
def told_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Latencies that the fake peers tell, in place of measured ones."""

    def single_ms(search: Any, queries: np.ndarray, k: int) -> np.ndarray:
        peer = search.__self__
        return np.full(len(queries), peer.cost * peer.depth)

    monkeypatch.setattr(retrieval_tuning, "single_ms", single_ms)


def small() -> Vectors:
    return generate(UNNORMALISED, 2_000, 40, 8, seed=3)


def chosen(peers: list[FakePeer], targets: tuple[float, ...]) -> tuple[list[Any], list[Any]]:
    vectors = small()
    builds = [build(peer, vectors.items, vectors.queries) for peer in peers]
    wanted = ExactSearch(vectors.items)(vectors.queries, K)
    return choose(builds, vectors.queries, wanted, targets)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_shaped_and_the_same_for_a_seed(kind: str) -> None:
    one, same, other = (generate(kind, 3_000, 50, 16, seed) for seed in (1, 1, 2))

    assert (one.items.shape, one.queries.shape) == ((3_000, 16), (50, 16))
    assert one.items.dtype == one.queries.dtype == np.float32
    np.testing.assert_array_equal(one.items, same.items)
    np.testing.assert_array_equal(one.queries, same.queries)
    assert np.abs(one.items - other.items).max() > 0.1


def test_kinds_differ_in_norms_alone() -> None:
    free, unit = (generate(kind, 3_000, 50, 16, seed=1) for kind in (UNNORMALISED, NORMALISED))
    norms = np.linalg.norm(free.items, axis=1)

    assert np.log(norms).std() > 0.15
    np.testing.assert_allclose(np.linalg.norm(unit.items, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(free.items / norms[:, np.newaxis], unit.items, atol=1e-5)
    np.testing.assert_array_equal(free.queries, unit.queries)


def test_items_have_neighbours_and_queries_lie_near_items() -> None:
    vectors = generate(NORMALISED, 5_000, 200, 32, seed=1)
    among = np.sort(vectors.items[:200] @ vectors.items.T, axis=1)
    asked = np.sort(vectors.queries @ vectors.items.T, axis=1)

    # An isotropic cloud of this size has its nearest at about 0.6 and its median at 0.
    assert np.median(among[:, -2]) > 0.7
    assert 0.1 < np.median(among) < 0.5
    assert 0.45 < np.median(asked[:, -1]) < 0.85
    assert np.median(asked) < 0.05


def test_halves_share_no_query() -> None:
    vectors = Vectors("v", np.zeros((3, 1)), np.arange(5)[:, np.newaxis])

    chooses, reports = vectors.halves()

    assert (chooses.ravel().tolist(), reports.ravel().tolist()) == ([0, 1], [2, 3, 4])


def test_embeddings_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.npz"
    np.savez(file, items=np.ones((4, 3), np.float64), queries=np.zeros((2, 3), np.float32))

    vectors = from_file(file)

    assert (vectors.name, vectors.items.shape, vectors.items.dtype) == ("shop", (4, 3), np.float32)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"items": np.ones((4, 3))}, "queries"),
        ({"items": np.ones((4, 3)), "queries": np.ones((4, 2))}, r"\(4, 3\).*\(4, 2\)"),
        ({"items": np.ones((4, 3)), "queries": np.ones((1, 3))}, "two queries"),
    ],
)
def test_unfit_file_is_told(tmp_path: Path, arrays: dict[str, np.ndarray], told: str) -> None:
    np.savez(tmp_path / "shop.npz", **arrays)

    with pytest.raises(InputError, match=told):
        from_file(tmp_path / "shop.npz")


def test_recall_is_the_mean_share_found() -> None:
    wanted = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    found = np.array([[4, 9, 1, 1], [-1, -1, 6, -1]])

    assert recall(found, wanted) == (2 / 4 + 1 / 4) / 2


def test_exact_search_is_that_of_a_full_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval_measure, "_SCORES_AT_A_TIME", 3 * 500)
    rng = np.random.default_rng(0)
    items, queries = rng.normal(size=(500, 6)), rng.normal(size=(7, 6))
    oracle = [sorted(range(500), key=lambda row: -items[row].dot(q))[:K] for q in queries]
    search = ExactSearch(items)

    assert search(queries, K).tolist() == oracle
    assert search(queries[:1], K).tolist() == oracle[:1]
    assert sorted(search(queries[:1], 500)[0].tolist()) == list(range(500))


@pytest.mark.parametrize("space", [GIVEN, CENTRED, EUCLIDEAN], ids=lambda space: space.name)
def test_a_space_ranks_as_the_inner_product_does(space: Space) -> None:
    vectors = small()
    items, queries = space.items(vectors.items), space.queries(vectors.queries)
    scores = queries @ items.T
    if space.is_l2:
        scores = 2 * scores - np.square(items).sum(axis=1)  # less the distance, but for a constant

    ranked = np.argsort(-scores, axis=1)[:, :K]

    assert recall(ranked, ExactSearch(vectors.items)(vectors.queries, K)) > 0.99


def test_rungs_rise_from_the_first_to_the_last() -> None:
    assert geometric(1, 10, 2) == [1, 2, 4, 8, 10]
    assert geometric(3, 3, 2) == [3]
    assert geometric(1, 4, 1.15) == [1, 2, 3, 4]
    widths = Task(150, 8, 100, (0.9,)).graph_widths()
    assert (widths[0], widths[-1]) == (100, 150)


def test_the_lowest_rung_that_reaches_each_target_is_found_by_bisection(told_costs: None) -> None:
    peer = FakePeer("a")

    choices, tried = chosen([peer], (0.3, 0.85))

    assert [choice.tried.way for choice in choices] == [{"depth": 3}, {"depth": 9}]
    assert all(choice.reached for choice in choices)
    assert [choice.tried.latency_ms for choice in choices] == [3, 9]
    assert len(peer.asked) == len(tried) < K


def test_the_fastest_build_is_chosen_of_those_that_reach_the_target(told_costs: None) -> None:
    slow, fast = FakePeer("slow", cost=2), FakePeer("fast")
    weak = FakePeer("fastest, but weak", cost=0.1, top=5)

    choices, _ = chosen([slow, fast, weak], (0.5, 0.9))

    names = [choice.tried.built.peer.settings["name"] for choice in choices]
    assert names == ["fastest, but weak", "fast"]


def test_a_build_for_one_target_stands_for_no_other(told_costs: None) -> None:
    peers = [FakePeer("for 0.5", cost=2, target=0.5), FakePeer("for 0.9", target=0.9)]

    choices, _ = chosen(peers, (0.5, 0.9))

    names = [choice.tried.built.peer.settings["name"] for choice in choices]
    assert names == ["for 0.5", "for 0.9"]


def test_a_target_out_of_reach_gets_the_best_recall(told_costs: None) -> None:
    choices, _ = chosen([FakePeer("a", top=4), FakePeer("b", top=7)], (0.5, 0.95))

    assert [choice.reached for choice in choices] == [True, False]
    assert choices[1].tried.built.peer.settings == {"name": "b"}
    assert choices[1].tried.recall == pytest.approx(0.7)


def test_a_comparison_reports_on_the_half_that_did_not_choose() -> None:
    vectors = small()
    peer = FakePeer("a", top=8)

    told = compared(vectors, {"fake": lambda task: [peer]}, (0.5, 0.9), K)
    found, missed = told["rows"]

    np.testing.assert_array_equal(peer.built_by, vectors.queries[:20])
    assert (told["choosing_queries"], told["reported_queries"]) == (20, 20)
    assert (found["reached"], found["recall"]) == (True, pytest.approx(0.5))
    assert found["asked_with"] == {"depth": 5}
    assert (
        found["times_faster"]["single"] == told["exact"]["median_ms"] / found["time"]["median_ms"]
    )
    assert (missed["reached"], missed["time"]) == (False, None)
    assert missed["recall"] == pytest.approx(0.8)
    assert "0.8000 at best" in render(json.loads(json.dumps(told)))


def test_more_neighbours_than_items_are_rejected() -> None:
    with pytest.raises(InputError, match="only 2000 items"):
        compared(small(), {}, (0.9,), 2_001)


def test_times_faster_are_of_the_least_of_all_timings() -> None:
    exact = Timing.least([Timing(4.0, 5.0, 3.0), Timing(6.0, 4.5, 1.0)])

    assert exact == Timing(4.0, 4.5, 1.0)
    assert Timing(0.5, 2.0, 0.25).times_faster(exact) == {"single": 8.0, "batch": 4.0}


def test_a_timing_is_of_the_quietest_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter([3.0, 30.0, 2.0, 20.0, 4.0, 40.0, 4.0, 40.0, 4.0, 40.0])
    together = iter([5.0, 50.0, 6.0, 60.0, 7.0, 20.0, 7.0, 70.0, 7.0, 70.0])
    monkeypatch.setattr(
        retrieval_measure,
        "single_ms",
        lambda search, queries, k: np.append(np.full(98, next(spent)), [99.0, 99.0]),
    )
    monkeypatch.setattr(retrieval_measure, "batch_ms", lambda search, queries, k: next(together))
    vectors = small()
    search = ExactSearch(vectors.items)

    own, exact = retrieval_measure.timings(search, search, vectors.queries, K)

    assert (own.median_ms, own.batch_ms) == (2.0, 5.0)
    assert (exact.median_ms, exact.batch_ms) == (20.0, 20.0)
    assert own.p99_ms == exact.p99_ms == pytest.approx(99.0)


def row(search: str, single: float, recall_: float = 0.96, reached: bool = True) -> dict[str, Any]:
    time = {"median_ms": 4.0 / single, "p99_ms": 8.0 / single, "batch_ms": 0.1}
    return {
        "search": search,
        "target": 0.95,
        "reached": reached,
        "recall": recall_,
        "time": time if reached else None,
        "times_faster": {"single": single, "batch": 10.0},
        "build_seconds": 12.34,
        "size_bytes": 25_600_000,
        "built_with": {"M": 16},
        "asked_with": {"ef": 120},
    }


def test_table_has_the_fastest_first_and_the_unfit_last() -> None:
    comparison = {
        "vectors": "normalised",
        "items": 100_000,
        "dim": 64,
        "k": 100,
        "targets": [0.95],
        "reported_queries": 1024,
        "exact": {"median_ms": 4.0, "p99_ms": 5.0, "batch_ms": 1.0},
        "rows": [row("slow", 2), row("weak", 1, 0.8, reached=False), row("fast", 16)],
    }

    title, heading, *table = (line for line in render(comparison).splitlines() if line)

    assert title == "normalised: 100,000 × 64, 1,024 queries that nothing was chosen by"
    assert heading == "Recall@100 of 0.95 or more:"
    cost = "12.3 | 25.6 MB | M 16, ef 120 |"
    assert table[2:] == [
        "| exact NumPy | 1 | 4.00 | 5.00 | 1 | 1.00 | 1 | – | – |  |",
        f"| fast | 0.9600 | 0.250 | 0.500 | 16.0 | 0.100 | 10.0 | {cost}",
        f"| slow | 0.9600 | 2.00 | 4.00 | 2.0 | 0.100 | 10.0 | {cost}",
        f"| weak | 0.8000 at best | – | – | – | – | – | {cost}",
    ]
    assert len({line.count("|") for line in table}) == 1


def test_one_core_holds_for_as_long_as_it_is_asked_for() -> None:
    before = os.sched_getaffinity(0)

    with one_core():
        within = os.sched_getaffinity(0)

    assert len(within) == 1
    assert within <= before == os.sched_getaffinity(0)


def test_a_missing_package_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    monkeypatch.delitem(sys.modules, "benchmarks.retrieval.peers.of_hnswlib", raising=False)

    with pytest.raises(InputError, match=r"package hnswlib.*requirements-retrieval\.txt"):
        load(["hnswlib"])


@pytest.mark.parametrize(
    ("option", "told"),
    [(["--targets", "1.5"], "above 0 and at most 1"), (["--items", "10"], "--items 10")],
)
def test_an_unfit_option_is_told(
    option: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval", *option])

    assert main() == 2
    assert told in capsys.readouterr().err
