"""Tuning: the fastest way to ask that keeps the target, on queries it was not chosen by."""

import math

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search import choose, plan, tune
from components.indexer.search.choose import choose_index
from components.indexer.search.exact import ExactSearch
from components.indexer.search.plan import SearchKind
from components.indexer.search.quality import Queries, recalls, top
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from schemas.model_settings import IndexSettings

RNG = np.random.default_rng(3)


def random_queries(num_queries: int, dim: int) -> Queries:
    embedding = RNG.normal(size=(num_queries, dim)).astype(np.float32)
    return Queries(embedding, np.zeros((num_queries, 0), np.int32))


@pytest.mark.parametrize(
    ("num_items", "settings", "kinds"),
    [
        (500, {}, {SearchKind.SCANN_BRUTE_FORCE}),
        (6_000, {}, {SearchKind.SCANN_HASH, SearchKind.SCANN_TREE_HASH}),  # the faster one
        (2_000, {"num_leaves": 40}, {SearchKind.SCANN_TREE_HASH}),
    ],
)
def test_every_kind_reaches_the_target_on_queries_it_was_not_chosen_by(
    num_items: int, settings: dict, kinds: set[SearchKind]
) -> None:
    vectors = RNG.normal(size=(num_items, 16)).astype(np.float32)
    exclude = RNG.integers(-1, num_items, size=(400, 5)).astype(np.int32)
    queries = Queries(RNG.normal(size=(400, 16)).astype(np.float32), exclude)
    target = IndexSettings(k=20, max_k=40, recall_target=0.95, **settings)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, target)
    assert index.plan.kind in kinds
    assert index.fetch == 40 + 5
    assert index.recall >= 0.95
    assert max(point.recall for point in index.curve) <= 1.0


def test_tuning_takes_the_fastest_that_is_good_enough() -> None:
    vectors = RNG.normal(size=(2_000, 16)).astype(np.float32)
    queries = random_queries(400, 16)
    settings = IndexSettings(k=10, max_k=10, recall_target=0.9, num_leaves=40)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, settings)
    chosen = next(point for point in index.curve if point.plan == index.plan)
    enough = [point for point in index.curve if point.is_enough]
    assert chosen.latency_ms == min(point.latency_ms for point in enough)
    assert min(point.recall for point in enough) > 0.9  # by a margin
    assert min(point.recall for point in index.curve) < 0.9  # narrower ones were not


def test_other_trees_are_tried_one_change_at_a_time_while_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "MIN_HASH_ITEMS", 500)
    monkeypatch.setattr(plan, "MIN_TREE_ITEMS", 1_000)
    monkeypatch.setattr(tune, "_REORDER_FACTORS", (4.0,))
    monkeypatch.setattr(tune, "_NUM_SHARES", 3)
    vectors = RNG.normal(size=(1_500, 8)).astype(np.float32)
    exact = ExactSearch(tf.Variable(vectors))

    def builds(**settings: float) -> set[tuple]:
        asked = IndexSettings(k=10, max_k=10, recall_target=0.9, **settings)  # type: ignore[arg-type]
        curve = choose_index(exact, random_queries(60, 8), asked).curve
        return {
            (p.plan.num_leaves, p.plan.anisotropic_leaves, p.plan.anisotropic_threshold)
            for p in curve
        }

    start = (round(math.sqrt(1_500)), None, 0.2)
    assert builds(tuning_seconds=1e-3) == {start}
    tried = builds(tuning_seconds=60.0)
    assert {leaves for leaves, _, _ in tried} >= {39, 78}
    assert {leaf for _, leaf, _ in tried} == {None, 2.0}
    assert {threshold for _, _, threshold in tried} == {0.2, None}
    assert {leaves for leaves, _, _ in builds(tuning_seconds=60.0, num_leaves=30)} == {30}


def test_leaves_to_search_that_are_given_are_kept() -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    settings = IndexSettings(k=10, max_k=10, num_leaves=50, num_leaves_to_search=7)
    index = choose_index(ExactSearch(tf.Variable(vectors)), random_queries(20, 8), settings)
    assert {point.plan.leaves_to_search for point in index.curve} == {7}


def test_exact_search_takes_over_from_a_scann_that_cannot_reach_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    exact, queries = ExactSearch(tf.Variable(vectors)), random_queries(40, 8)
    settings = IndexSettings(k=10, max_k=10, num_leaves=50, num_leaves_to_search=1)

    index = choose_index(exact, queries, settings)

    assert index.plan.kind is SearchKind.EXACT
    assert "no way to ask ScaNN was sure to keep recall@10 0.99" in index.plan.reason
    assert index.recall == 1.0
    assert index.curve
    monkeypatch.setattr(choose, "MAX_EXACT_ITEMS", 999)
    short = choose_index(exact, queries, settings)
    assert short.plan.kind is SearchKind.SCANN_TREE_HASH
    assert short.recall < 0.9


def test_exact_search_takes_over_where_the_other_queries_do_not_keep_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    settings = IndexSettings(k=10, max_k=10, recall_target=0.9)
    monkeypatch.setattr(choose, "recalls", lambda *_: np.array([0.8, 0.9]))

    index = choose_index(ExactSearch(tf.Variable(vectors)), random_queries(40, 8), settings)

    assert index.plan.kind is SearchKind.EXACT
    assert "the best reached 1.0000, and 0.8500 on other queries" in index.plan.reason


def test_a_request_for_fewer_items_finds_as_much_as_the_widest() -> None:
    vectors = RNG.normal(size=(6_000, 16)).astype(np.float32)
    exact, queries = ExactSearch(tf.Variable(vectors)), random_queries(100, 16)
    hashed = plan.SearchPlan(SearchKind.SCANN_HASH, "", reorder_factor=1.0)
    built = BuiltScann(exact.embedding, hashed)
    wide, k = 200, 10
    wanted = top(exact, queries, k, k)

    def recall(asked: int, fetch: int) -> float:
        search = ScannSearch(index, hashed, fetch)
        return float(recalls(top(search, queries, k, asked), wanted).mean())

    index = built.keep()

    tuned = recall(asked=wide, fetch=wide)
    assert tuned > 0.95
    assert recall(asked=k, fetch=wide) == tuned
    assert recall(asked=k, fetch=0) < 0.9


def test_the_budget_grows_with_the_catalogue() -> None:
    assert tune.default_seconds(100_000, 64) == 10.0 + 100_000 * 64 / 128_000


@pytest.mark.parametrize(
    ("exact_ms", "kind"), [(0.0, SearchKind.EXACT), (1e6, SearchKind.SCANN_BRUTE_FORCE)]
)
def test_auto_takes_what_was_measured_to_be_faster(
    monkeypatch: pytest.MonkeyPatch, exact_ms: float, kind: SearchKind
) -> None:
    monkeypatch.setattr(choose, "latency_ms", lambda *_: exact_ms)
    vectors = RNG.normal(size=(200, 8)).astype(np.float32)
    queries = Queries(vectors[:4], np.zeros((4, 0), np.int32))
    settings = IndexSettings(k=5, max_k=5, kind="auto")
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, settings)
    assert index.plan.kind is kind
    assert index.recall == 1.0
