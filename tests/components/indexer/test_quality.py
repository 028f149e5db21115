"""Recall and tuning."""

import numpy as np
import pytest
import tensorflow as tf

from components.indexer import choose
from components.indexer.choose import choose_index
from components.indexer.exact import ExactSearch
from components.indexer.plan import SearchKind
from components.indexer.quality import Queries, recall
from schemas.model_settings import IndexSettings

RNG = np.random.default_rng(3)


def test_recall_is_the_mean_share_of_what_exists() -> None:
    exact = np.array([[1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1]])
    found = np.array([[4, 9, 8, 1], [6, 5, -1, -1], [-1, -1, -1, -1]])
    assert recall(found, exact) == pytest.approx((2 / 4 + 2 / 2 + 1) / 3)


@pytest.mark.parametrize(
    ("num_items", "settings", "kind"),
    [
        (500, {}, SearchKind.SCANN_BRUTE_FORCE),
        (6_000, {}, SearchKind.SCANN_HASH),
        (2_000, {"num_leaves": 40}, SearchKind.SCANN_TREE_HASH),
    ],
)
def test_every_kind_reaches_the_target_on_queries_it_was_not_chosen_by(
    num_items: int, settings: dict, kind: SearchKind
) -> None:
    vectors = RNG.normal(size=(num_items, 16)).astype(np.float32)
    exclude = RNG.integers(-1, num_items, size=(100, 5)).astype(np.int32)
    queries = Queries(RNG.normal(size=(100, 16)).astype(np.float32), exclude)
    target = IndexSettings(k=20, max_k=40, recall_target=0.95, **settings)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, target)
    assert index.plan.kind is kind
    assert index.fetch == 40 + 5
    assert index.recall >= 0.93  # the target, less what 50 other queries may differ by
    assert max(point.recall for point in index.curve) <= 1.0


def test_tuning_takes_the_fastest_that_is_good_enough() -> None:
    vectors = RNG.normal(size=(2_000, 16)).astype(np.float32)
    queries = Queries(RNG.normal(size=(60, 16)).astype(np.float32), np.zeros((60, 0), np.int32))
    settings = IndexSettings(k=10, max_k=10, recall_target=0.9, num_leaves=40)
    index = choose_index(ExactSearch(tf.Variable(vectors)), queries, settings)
    chosen = next(point for point in index.curve if point.plan == index.plan)
    enough = [point for point in index.curve if point.recall >= 0.9]
    assert chosen.latency_ms == min(point.latency_ms for point in enough)
    assert min(point.recall for point in index.curve) < 0.9  # narrower ones were not


@pytest.mark.parametrize(("num_queries", "sizes"), [(1, (1, 1)), (2, (1, 1)), (5, (2, 3))])
def test_halves_share_no_query_but_the_only_one(num_queries: int, sizes: tuple[int, int]) -> None:
    queries = Queries(np.eye(num_queries), np.zeros((num_queries, 0)))
    chosen_on, reported_on = queries.halves()
    assert (len(chosen_on), len(reported_on)) == sizes
    shared = (chosen_on.embedding @ reported_on.embedding.T).any()
    assert shared == (num_queries == 1)


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
