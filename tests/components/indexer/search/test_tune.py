"""Tuning: the fastest plan that meets the recall target, also on other queries."""

import math
from itertools import count
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search import choose_index as choose_index_module
from components.indexer.search import query_kind, query_parameters, search_plan, tune
from components.indexer.search.choose_index import choose_index
from components.indexer.search.exact import ExactSearch
from components.indexer.search.recall_latency import TuningQueries, recalls, search_top_k
from components.indexer.search.scann_search import BuiltScann, ScannSearch
from components.indexer.search.search_plan import SearchKind
from schemas import serving
from schemas.serving_settings import IndexSettings
from tests.content_vectors import content_heavy_vectors
from tests.serving.fake_towers import item_queries

RNG = np.random.default_rng(3)


def random_queries(num_queries: int, dim: int) -> TuningQueries:
    embedding = RNG.normal(size=(num_queries, dim)).astype(np.float32)
    return TuningQueries(embedding, np.zeros((num_queries, 0), np.int32))


@pytest.mark.parametrize(
    ("num_items", "settings", "kinds"),
    [
        (500, {}, {SearchKind.SCANN_BRUTE_FORCE}),
        (6_000, {}, {SearchKind.SCANN_HASH, SearchKind.SCANN_TREE_HASH}),  # the faster one
        (2_000, {"num_leaves": 40}, {SearchKind.SCANN_TREE_HASH}),
    ],
)
def test_every_kind_meets_the_target_on_test_queries(
    num_items: int, settings: dict[str, Any], kinds: set[SearchKind]
) -> None:
    vectors = RNG.normal(size=(num_items, 16)).astype(np.float32)
    exclude = RNG.integers(-1, num_items, size=(400, 5)).astype(np.int32)
    queries = TuningQueries(RNG.normal(size=(400, 16)).astype(np.float32), exclude)
    index_settings = IndexSettings(k=20, max_k=40, recall_target=0.95, **settings)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, index_settings)
    assert index.plan.kind in kinds
    assert index.fetch == 40 + 5
    assert index.recall >= 0.95
    assert max(point.recall for point in index.curve) <= 1.0


def test_tuning_chooses_the_fastest_plan_that_meets_the_target() -> None:
    vectors = RNG.normal(size=(2_000, 16)).astype(np.float32)
    queries = random_queries(400, 16)
    settings = IndexSettings(k=10, max_k=10, recall_target=0.9, num_leaves=40)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, settings)
    chosen = next(point for point in index.curve if point.plan == index.plan)
    sufficient = [point for point in index.curve if point.meets_target]
    assert chosen.latency_ms == min(point.latency_ms for point in sufficient)
    assert min(point.recall for point in sufficient) > 0.9  # by a margin
    assert min(point.recall for point in index.curve) < 0.9  # with fewer leaves


def test_alternative_trees_are_tried_within_the_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_plan, "MIN_HASH_ITEMS", 500)
    monkeypatch.setattr(search_plan, "MIN_TREE_ITEMS", 1_000)
    monkeypatch.setattr(query_parameters, "_REORDER_FACTORS", (4.0,))
    monkeypatch.setattr(query_parameters, "_NUM_LEAF_COUNTS", 3)
    vectors = RNG.normal(size=(1_500, 8)).astype(np.float32)
    exact = ExactSearch(tf.Variable(vectors))

    def builds(**settings: float) -> set[tuple[int, float | None, float | None]]:
        index_settings = IndexSettings(k=10, max_k=10, recall_target=0.9, **settings)  # type: ignore[arg-type]
        curve = choose_index(exact, random_queries(60, 8), index_settings).curve
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


def test_configured_leaves_to_search_are_kept() -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    settings = IndexSettings(k=10, max_k=10, num_leaves=50, num_leaves_to_search=7)
    index = choose_index(ExactSearch(tf.Variable(vectors)), random_queries(20, 8), settings)
    assert {point.plan.leaves_to_search for point in index.curve} == {7}


def test_exact_search_replaces_scann_that_misses_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    exact, queries = ExactSearch(tf.Variable(vectors)), random_queries(40, 8)
    settings = IndexSettings(k=10, max_k=10, num_leaves=50, num_leaves_to_search=1)

    index = choose_index(exact, queries, settings)

    assert index.plan.kind is SearchKind.EXACT
    assert "no ScaNN setting met recall@10 0.99 with a margin" in index.plan.reason
    assert index.recall == 1.0
    assert index.curve
    monkeypatch.setattr(choose_index_module, "MAX_EXACT_ITEMS", 999)
    short = choose_index(exact, queries, settings)
    assert short.plan.kind is SearchKind.SCANN_TREE_HASH
    assert short.recall < 0.9


def test_exact_search_replaces_scann_that_misses_the_target_on_test_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    settings = IndexSettings(k=10, max_k=10, recall_target=0.9)
    monkeypatch.setattr(query_kind, "recalls", lambda *_: np.tile([0.8, 0.9], 10))

    index = choose_index(ExactSearch(tf.Variable(vectors)), random_queries(40, 8), settings)

    assert index.plan.kind is SearchKind.EXACT
    reached = "the best reached 1.0000 on the users for tuning and 0.8500 on the other half"
    assert reached in index.plan.reason


def measured_plan(
    monkeypatch: pytest.MonkeyPatch, recalls_of: list[float], user: list[int]
) -> query_parameters.MeasuredPlan:
    """Measures brute-force search with given recalls of the queries."""
    vectors = RNG.normal(size=(50, 8)).astype(np.float32)
    queries = TuningQueries(
        vectors[: len(user)], np.zeros((len(user), 0), np.int32), np.array(user)
    )
    exact = ExactSearch(tf.Variable(vectors))
    settings = IndexSettings(k=5, max_k=5, recall_target=0.9)
    task = query_parameters.TuningTask(exact, queries, settings, fetch=5, seconds=1.0)
    plan = search_plan.SearchPlan(SearchKind.SCANN_BRUTE_FORCE, "")
    monkeypatch.setattr(query_parameters, "recalls", lambda *_: np.array(recalls_of))
    built = BuiltScann(exact.embedding, plan)
    (measured,) = query_parameters.measure_query_parameters(
        built, plan, task, query_parameters.exact_ranking(task)
    )
    return measured


def test_the_margin_of_tuning_is_that_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    # The queries of a user have the same recall: 40 queries are only 4 observations.
    recall_of_user = [1.0, 1.0, 0.86, 1.0]
    user = list(range(4)) * 10

    dependent = measured_plan(monkeypatch, recall_of_user * 10, user)
    independent = measured_plan(monkeypatch, recall_of_user * 10, list(range(40)))

    assert dependent.recall == pytest.approx(0.965)
    assert not dependent.meets_target  # 0.965 - 2.5 * sqrt(2) * 0.07 / sqrt(4)
    assert independent.meets_target


def test_each_user_has_the_same_weight_in_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = measured_plan(monkeypatch, [1.0] * 8 + [0.5, 0.7], [0] * 8 + [1, 1])
    assert measured.recall == pytest.approx((1.0 + 0.6) / 2)


@pytest.mark.parametrize(("recall", "meets_target"), [(0.99, False), (1.0, True)])
def test_the_recall_of_a_single_user_must_be_perfect(
    monkeypatch: pytest.MonkeyPatch, recall: float, meets_target: bool
) -> None:
    measured = measured_plan(monkeypatch, [recall] * 6, [3] * 6)
    assert measured.meets_target == meets_target


def test_request_for_fewer_items_has_the_same_recall() -> None:
    vectors = RNG.normal(size=(6_000, 16)).astype(np.float32)
    exact, queries = ExactSearch(tf.Variable(vectors)), random_queries(100, 16)
    hashed = search_plan.SearchPlan(SearchKind.SCANN_HASH, "", reorder_factor=1.0)
    built = BuiltScann(exact.embedding, hashed)
    wide, k = 200, 10
    expected = search_top_k(exact, queries, k, k)

    def recall(requested: int, fetch: int) -> float:
        search = ScannSearch(index, hashed, fetch)
        return float(recalls(search_top_k(search, queries, k, requested), expected).mean())

    index = built.export()

    tuned = recall(requested=wide, fetch=wide)
    assert tuned > 0.95
    assert recall(requested=k, fetch=wide) == tuned
    assert recall(requested=k, fetch=0) < 0.9


def test_each_kind_of_query_is_tuned_on_one_index(monkeypatch: pytest.MonkeyPatch) -> None:
    # The last setting that suffices is the fastest one, whatever else the machine does.
    falling = count(100, -1)
    monkeypatch.setattr(query_parameters, "latency_ms", lambda *_: float(next(falling)))
    # With the settings of the user queries, similar_items found .62 of the exact items.
    num_items, dim, num_queries, k = 20_000, 32, 400, 100
    vectors = content_heavy_vectors(num_items, dim)
    users = RNG.normal(size=(num_queries, dim)).astype(np.float32) / math.sqrt(dim)
    users[:, 0] = 1.0
    queries = TuningQueries(users, np.zeros((num_queries, 0), np.int32))
    rows = RNG.permutation(num_items)[:num_queries].astype(np.int32)
    items = TuningQueries(item_queries(vectors[rows]), rows[:, np.newaxis])
    exact = ExactSearch(tf.Variable(vectors))
    # Only the first index is built.
    settings = IndexSettings(num_leaves=141, tuning_seconds=1e-3)

    index = choose_index(exact, queries, settings, {serving.SIMILAR_ITEMS: items})

    similar = index.others[serving.SIMILAR_ITEMS]
    assert (index.fetch, similar.fetch) == (200, 101)
    assert index.plan.kind is SearchKind.SCANN_TREE_HASH
    assert min(index.recall, similar.recall) >= settings.recall_target
    assert index.plan.leaves_to_search < similar.plan.leaves_to_search
    assert isinstance(index.search, ScannSearch)
    reference = search_top_k(exact, items, k, similar.fetch)
    as_before = recalls(search_top_k(index.search, items, k, similar.fetch), reference).mean()
    assert as_before < settings.recall_target - 0.05
    assert isinstance(similar.search, ScannSearch)
    assert similar.search.index is index.search.index  # one searcher


def test_kind_that_misses_the_target_is_searched_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    # Exact search does not replace that of the user queries.
    monkeypatch.setattr(choose_index_module, "MAX_EXACT_ITEMS", 0)
    vectors = RNG.normal(size=(1_000, 8)).astype(np.float32)
    queries = random_queries(40, 8)
    settings = IndexSettings(k=10, max_k=10, num_leaves=50, num_leaves_to_search=1)

    index = choose_index(
        ExactSearch(tf.Variable(vectors)), queries, settings, {serving.DEFAULT: queries}
    )

    assert index.plan.kind is SearchKind.SCANN_TREE_HASH
    default = index.searches[serving.DEFAULT]
    assert default.plan.kind is SearchKind.EXACT
    assert "no ScaNN setting met recall@10 0.99" in default.plan.reason
    assert default.recall == 1.0


def test_reordering_is_doubled_until_it_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_parameters, "_REORDER_FACTORS", (1.0,))
    vectors = RNG.normal(size=(6_000, 16)).astype(np.float32)
    exact, queries = ExactSearch(tf.Variable(vectors)), random_queries(100, 16)
    monkeypatch.setattr(query_parameters, "latency_ms", lambda search, *_: float(search is exact))
    settings = IndexSettings(k=100, max_k=100, tuning_seconds=1e-3)

    index = choose_index(exact, queries, settings)

    factors = [point.plan.reorder_factor for point in index.curve]
    assert factors[:2] == [1.0, 2.0]
    assert [point.meets_target for point in index.curve] == [*[False] * (len(factors) - 1), True]
    assert index.plan.reorder_factor == factors[-1]
    monkeypatch.setattr(query_parameters, "latency_ms", lambda *_: 1.0)
    assert choose_index(exact, queries, settings).plan.kind is SearchKind.EXACT


def test_exact_index_has_exact_search_for_every_kind() -> None:
    vectors = RNG.normal(size=(50, 8)).astype(np.float32)
    queries = random_queries(4, 8)

    index = choose_index(
        ExactSearch(tf.Variable(vectors)), queries, IndexSettings(), {serving.DEFAULT: queries}
    )

    assert {search.plan.kind for search in index.searches.values()} == {SearchKind.EXACT}
    assert list(index.searches) == [serving.RECOMMEND, serving.DEFAULT]
    assert index.seconds == 0.0


def test_default_time_limit_grows_with_the_catalogue() -> None:
    assert tune.default_seconds(100_000, 64) == 10.0 + 100_000 * 64 / 128_000


@pytest.mark.parametrize(
    ("exact_ms", "kind"), [(0.0, SearchKind.EXACT), (1e6, SearchKind.SCANN_BRUTE_FORCE)]
)
def test_auto_chooses_the_faster_search(
    monkeypatch: pytest.MonkeyPatch, exact_ms: float, kind: SearchKind
) -> None:
    monkeypatch.setattr(query_kind, "latency_ms", lambda *_: exact_ms)
    vectors = RNG.normal(size=(200, 8)).astype(np.float32)
    queries = TuningQueries(vectors[:4], np.zeros((4, 0), np.int32))
    settings = IndexSettings(k=5, max_k=5, kind="auto")
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, settings)
    assert index.plan.kind is kind
    assert index.recall == 1.0
