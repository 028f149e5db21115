"""Tests of the comparison of search methods: vectors, exact search, tuning, timing and table."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.retrieval import measure, tuning
from benchmarks.retrieval.__main__ import main
from benchmarks.retrieval.compare import compare_methods
from benchmarks.retrieval.data import KINDS, NORMALISED, UNNORMALISED, Vectors, from_file, generate
from benchmarks.retrieval.measure import NumpyExactSearch, Timing, recall
from benchmarks.retrieval.methods.interface import Parameters, SearchTask, geometric
from benchmarks.retrieval.methods.registry import load_methods
from benchmarks.retrieval.methods.spaces import CENTRED, EUCLIDEAN, GIVEN, Space
from benchmarks.retrieval.single_core import one_core
from benchmarks.retrieval.table import render
from benchmarks.retrieval.tuning import BestTrial, Trial, best_trials, build_index
from schemas.errors import InputError

K = 10


class FakeIndex:
    """Exact search that returns only the first `depth` rows, at a latency of `depth` × `cost`."""

    def __init__(
        self, name: str, cost: float = 1.0, top: int = K, recall_target: float | None = None
    ):
        self.build_parameters: Parameters = {"name": name}
        self.recall_target = recall_target
        self.cost, self.top, self.depth = cost, top, 0
        self.searched_depths: list[int] = []

    def build(self, items: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> None:
        self.exact = NumpyExactSearch(items)
        self.tuning_queries = queries

    def size_bytes(self) -> int:
        return 1_500_000

    def parameter_lists(self) -> list[list[Parameters]]:
        return [[{"depth": depth} for depth in range(1, self.top + 1)]]

    def set_search_parameters(self, parameters: Parameters) -> None:
        self.depth = parameters["depth"]

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
        self.searched_depths.append(self.depth)
        rows = self.exact(queries, k)
        rows[:, self.depth :] = -1
        return rows


@pytest.fixture
def fake_latencies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces measured latencies by those that the fake indexes define."""

    def single_ms(search: Any, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float64]:
        index = search.__self__
        return np.full(len(queries), index.cost * index.depth)

    monkeypatch.setattr(tuning, "single_ms", single_ms)


def small_vectors() -> Vectors:
    return generate(UNNORMALISED, 2_000, 40, 8, seed=3)


def tune(
    indexes: list[FakeIndex], targets: tuple[float, ...]
) -> tuple[list[BestTrial], list[Trial]]:
    vectors = small_vectors()
    built = [build_index(index, vectors.items, vectors.queries) for index in indexes]
    exact_rows = NumpyExactSearch(vectors.items)(vectors.queries, K)
    return best_trials(built, vectors.queries, exact_rows, targets)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_have_the_requested_shape_and_depend_on_the_seed(kind: str) -> None:
    one, same, other = (generate(kind, 3_000, 50, 16, seed) for seed in (1, 1, 2))

    assert (one.items.shape, one.queries.shape) == ((3_000, 16), (50, 16))
    assert one.items.dtype == one.queries.dtype == np.float32
    np.testing.assert_array_equal(one.items, same.items)
    np.testing.assert_array_equal(one.queries, same.queries)
    assert np.abs(one.items - other.items).max() > 0.1


def test_kinds_differ_only_in_norms() -> None:
    free, unit = (generate(kind, 3_000, 50, 16, seed=1) for kind in (UNNORMALISED, NORMALISED))
    norms = np.linalg.norm(free.items, axis=1)

    assert np.log(norms).std() > 0.15
    np.testing.assert_allclose(np.linalg.norm(unit.items, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(free.items / norms[:, np.newaxis], unit.items, atol=1e-5)
    np.testing.assert_array_equal(free.queries, unit.queries)


def test_items_have_near_neighbours_and_queries_are_near_items() -> None:
    vectors = generate(NORMALISED, 5_000, 200, 32, seed=1)
    item_scores = np.sort(vectors.items[:200] @ vectors.items.T, axis=1)
    query_scores = np.sort(vectors.queries @ vectors.items.T, axis=1)

    # In an isotropic set of this size the nearest neighbour is at about 0.6, the median at 0.
    assert np.median(item_scores[:, -2]) > 0.7
    assert 0.1 < np.median(item_scores) < 0.5
    assert 0.45 < np.median(query_scores[:, -1]) < 0.85
    assert np.median(query_scores) < 0.05


def test_halves_have_no_common_query() -> None:
    queries = np.arange(5, dtype=np.float32)[:, np.newaxis]
    vectors = Vectors("v", np.zeros((3, 1), np.float32), queries)

    tuning_queries, test_queries = vectors.halves()

    assert (tuning_queries.ravel().tolist(), test_queries.ravel().tolist()) == ([0, 1], [2, 3, 4])


def test_embeddings_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.npz"
    np.savez(file, items=np.ones((4, 3), np.float64), queries=np.zeros((2, 3), np.float32))

    vectors = from_file(file)

    assert (vectors.name, vectors.items.shape, vectors.items.dtype) == ("shop", (4, 3), np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"items": np.ones((4, 3))}, "queries"),
        ({"items": np.ones((4, 3)), "queries": np.ones((4, 2))}, r"\(4, 3\).*\(4, 2\)"),
        ({"items": np.ones((4, 3)), "queries": np.ones((1, 3))}, "two queries"),
    ],
)
def test_file_with_wrong_arrays_is_rejected(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "shop.npz", **arrays)

    with pytest.raises(InputError, match=message):
        from_file(tmp_path / "shop.npz")


def test_recall_is_the_mean_share_of_relevant_rows_found() -> None:
    relevant = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    found = np.array([[4, 9, 1, 1], [-1, -1, 6, -1]])

    assert recall(found, relevant) == (2 / 4 + 1 / 4) / 2


def test_exact_search_equals_a_full_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_SCORES_AT_A_TIME", 3 * 500)
    rng = np.random.default_rng(0)
    items = rng.normal(size=(500, 6)).astype(np.float32)
    queries = rng.normal(size=(7, 6)).astype(np.float32)
    expected = [sorted(range(500), key=lambda row: -items[row].dot(q))[:K] for q in queries]
    search = NumpyExactSearch(items)

    assert search(queries, K).tolist() == expected
    assert search(queries[:1], K).tolist() == expected[:1]
    assert sorted(search(queries[:1], 500)[0].tolist()) == list(range(500))


@pytest.mark.parametrize("space", [GIVEN, CENTRED, EUCLIDEAN], ids=lambda space: space.name)
def test_space_keeps_the_ranking_by_inner_product(space: Space) -> None:
    vectors = small_vectors()
    items = space.transform_items(vectors.items)
    queries = space.transform_queries(vectors.queries)
    scores = queries @ items.T
    if space.is_l2:
        scores = 2 * scores - np.square(items).sum(axis=1)  # negative distance, up to a constant

    ranked = np.argsort(-scores, axis=1)[:, :K]

    assert recall(ranked, NumpyExactSearch(vectors.items)(vectors.queries, K)) > 0.99


def test_geometric_sequence_includes_both_ends() -> None:
    assert geometric(1, 10, 2) == [1, 2, 4, 8, 10]
    assert geometric(3, 3, 2) == [3]
    assert geometric(1, 4, 1.15) == [1, 2, 3, 4]
    widths = SearchTask(150, 8, 100, (0.9,)).graph_widths()
    assert (widths[0], widths[-1]) == (100, 150)


def test_bisection_finds_the_cheapest_parameters_for_each_target(fake_latencies: None) -> None:
    index = FakeIndex("a")

    best, trials = tune([index], (0.3, 0.85))

    assert [of_target.trial.parameters for of_target in best] == [{"depth": 3}, {"depth": 9}]
    assert all(of_target.reached for of_target in best)
    assert [of_target.trial.latency_ms for of_target in best] == [3, 9]
    assert len(index.searched_depths) == len(trials) < K


def test_fastest_index_that_reaches_the_target_is_chosen(fake_latencies: None) -> None:
    slow, fast = FakeIndex("slow", cost=2), FakeIndex("fast")
    low_recall = FakeIndex("fastest, low recall", cost=0.1, top=5)

    best, _ = tune([slow, fast, low_recall], (0.5, 0.9))

    names = [of_target.trial.built.index.build_parameters["name"] for of_target in best]
    assert names == ["fastest, low recall", "fast"]


def test_index_for_one_target_is_not_used_for_another(fake_latencies: None) -> None:
    indexes = [
        FakeIndex("for 0.5", cost=2, recall_target=0.5),
        FakeIndex("for 0.9", recall_target=0.9),
    ]

    best, _ = tune(indexes, (0.5, 0.9))

    names = [of_target.trial.built.index.build_parameters["name"] for of_target in best]
    assert names == ["for 0.5", "for 0.9"]


def test_trial_with_the_highest_recall_is_chosen_if_none_reaches_the_target(
    fake_latencies: None,
) -> None:
    best, _ = tune([FakeIndex("a", top=4), FakeIndex("b", top=7)], (0.5, 0.95))

    assert [of_target.reached for of_target in best] == [True, False]
    assert best[1].trial.built.index.build_parameters == {"name": "b"}
    assert best[1].trial.recall == pytest.approx(0.7)


def test_comparison_is_measured_on_the_test_queries() -> None:
    vectors = small_vectors()
    index = FakeIndex("a", top=8)

    result = compare_methods(vectors, {"fake": lambda task: [index]}, (0.5, 0.9), K)
    reached, missed = result["rows"]

    np.testing.assert_array_equal(index.tuning_queries, vectors.queries[:20])
    assert (result["choosing_queries"], result["reported_queries"]) == (20, 20)
    assert (reached["reached"], reached["recall"]) == (True, pytest.approx(0.5))
    assert reached["asked_with"] == {"depth": 5}
    expected_speedup = result["exact"]["median_ms"] / reached["time"]["median_ms"]
    assert reached["times_faster"]["single"] == expected_speedup
    assert (missed["reached"], missed["time"]) == (False, None)
    assert missed["recall"] == pytest.approx(0.8)
    assert "0.8000 at best" in render(json.loads(json.dumps(result)))


def test_k_above_the_number_of_items_is_rejected() -> None:
    with pytest.raises(InputError, match="only 2000 items"):
        compare_methods(small_vectors(), {}, (0.9,), 2_001)


def test_speedup_is_relative_to_the_minimum_of_all_timings() -> None:
    exact = Timing.minimum([Timing(4.0, 5.0, 3.0), Timing(6.0, 4.5, 1.0)])

    assert exact == Timing(4.0, 4.5, 1.0)
    assert Timing(0.5, 2.0, 0.25).speedup_over(exact) == {"single": 8.0, "batch": 4.0}


def test_timing_takes_the_minimum_over_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    single = iter([3.0, 30.0, 2.0, 20.0, 4.0, 40.0, 4.0, 40.0, 4.0, 40.0])
    batch = iter([5.0, 50.0, 6.0, 60.0, 7.0, 20.0, 7.0, 70.0, 7.0, 70.0])
    monkeypatch.setattr(
        measure,
        "single_ms",
        lambda search, queries, k: np.append(np.full(98, next(single)), [99.0, 99.0]),
    )
    monkeypatch.setattr(measure, "batch_ms", lambda search, queries, k: next(batch))
    vectors = small_vectors()
    search = NumpyExactSearch(vectors.items)

    method, exact = measure.time_in_turns(search, search, vectors.queries, K)

    assert (method.median_ms, method.batch_ms) == (2.0, 5.0)
    assert (exact.median_ms, exact.batch_ms) == (20.0, 20.0)
    assert method.p99_ms == exact.p99_ms == pytest.approx(99.0)


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


def test_table_lists_the_fastest_method_first_and_missed_targets_last() -> None:
    comparison = {
        "vectors": "normalised",
        "items": 100_000,
        "dim": 64,
        "k": 100,
        "targets": [0.95],
        "reported_queries": 1024,
        "exact": {"median_ms": 4.0, "p99_ms": 5.0, "batch_ms": 1.0},
        "rows": [row("slow", 2), row("low recall", 1, 0.8, reached=False), row("fast", 16)],
    }

    title, heading, *table = (line for line in render(comparison).splitlines() if line)

    assert title == "normalised: 100,000 × 64, 1,024 test queries"
    assert heading == "Recall@100 of at least 0.95:"
    index_cells = "12.3 | 25.6 MB | M 16, ef 120 |"
    assert table[2:] == [
        "| exact NumPy | 1 | 4.00 | 5.00 | 1 | 1.00 | 1 | – | – |  |",
        f"| fast | 0.9600 | 0.250 | 0.500 | 16.0 | 0.100 | 10.0 | {index_cells}",
        f"| slow | 0.9600 | 2.00 | 4.00 | 2.0 | 0.100 | 10.0 | {index_cells}",
        f"| low recall | 0.8000 at best | – | – | – | – | – | {index_cells}",
    ]
    assert len({line.count("|") for line in table}) == 1


def test_one_core_restores_the_affinity() -> None:
    before = os.sched_getaffinity(0)

    with one_core():
        within = os.sched_getaffinity(0)

    assert len(within) == 1
    assert within <= before == os.sched_getaffinity(0)


def test_error_for_a_missing_package_gives_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    module = "benchmarks.retrieval.methods.hnswlib_index"
    monkeypatch.delitem(sys.modules, module, raising=False)

    with pytest.raises(InputError, match=r"package hnswlib.*requirements-retrieval\.txt"):
        load_methods(["hnswlib"])


@pytest.mark.parametrize(
    ("option", "message"),
    [(["--targets", "1.5"], "above 0 and at most 1"), (["--items", "10"], "--items 10")],
)
def test_invalid_option_is_rejected(
    option: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["retrieval", *option])

    assert main() == 2
    assert message in capsys.readouterr().err
