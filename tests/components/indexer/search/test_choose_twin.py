"""The search of the twin: an inverted file where it suffices and is faster than exact search."""

from itertools import count

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search import query_kind, query_parameters, search_plan
from components.indexer.search.choose_index import ChosenIndex
from components.indexer.search.choose_twin import choose_twin
from components.indexer.search.exact import ExactSearch
from components.indexer.search.leaves import leaf_order
from components.indexer.search.recall_latency import TuningQueries
from components.indexer.search.search_plan import SearchKind, twin_plan
from schemas import serving
from schemas.serving_settings import IndexSettings

NUM_ITEMS, DIM = 3_000, 16
SETTINGS = IndexSettings(k=10, max_k=20, recall_target=0.95)


@pytest.fixture(autouse=True)
def small_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_plan, "MIN_INVERTED_FILE_ITEMS", 1_000)
    monkeypatch.setattr(query_kind, "exact_ms", lambda kind: 1e6)


def _choose(settings: IndexSettings = SETTINGS) -> ChosenIndex:
    rng = np.random.default_rng(4)
    centres = rng.normal(size=(100, DIM))
    vectors = centres[rng.integers(100, size=NUM_ITEMS)] + rng.normal(size=(NUM_ITEMS, DIM)) / 3
    vectors = vectors[leaf_order(vectors.astype(np.float32))]
    embedding = centres[rng.integers(100, size=300)] + rng.normal(size=(300, DIM)) / 3
    items = TuningQueries(vectors[:300].astype(np.float32), np.arange(300, dtype=np.int32)[:, None])
    users = TuningQueries(embedding.astype(np.float32), np.zeros((300, 0), np.int32))
    exact = ExactSearch(tf.Variable(vectors.astype(np.float32)))
    return choose_twin(exact, users, settings, {serving.SIMILAR_ITEMS: items})


def test_clustered_items_reach_the_target_with_few_leaves() -> None:
    twin = _choose()
    assert twin.is_approximate
    for kind in twin.searches.values():
        assert kind.plan.kind is SearchKind.INVERTED_FILE
        assert kind.recall >= SETTINGS.recall_target
        assert kind.plan.leaves_to_search < kind.plan.num_leaves / 3
    assert twin.size_bytes < 1.3 * NUM_ITEMS * DIM * np.dtype(np.float32).itemsize


def test_load_on_the_machine_does_not_change_the_number_of_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = _choose().plan.leaves_to_search
    # The first measurement has the most leaves.
    times = count(1.0)
    monkeypatch.setattr(query_parameters, "latency_ms", lambda *measured: next(times))
    assert _choose().plan.leaves_to_search == expected


def test_faster_exact_search_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_kind, "exact_ms", lambda kind: 0.0)
    twin = _choose()
    assert not twin.is_approximate
    assert "exact search was faster than inverted-file search" in twin.plan.reason
    assert twin.curve


def test_exact_search_is_kept_where_the_target_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_parameters, "_MAX_SHARE_OF_SMALL_LEAVES", 0.01)
    twin = _choose()
    assert not twin.is_approximate
    assert "no inverted-file search setting met recall@10 0.95" in twin.plan.reason


@pytest.mark.parametrize(
    ("num_items", "kind", "expected"),
    [
        (999, "scann", SearchKind.EXACT),
        (1_000, "scann", SearchKind.INVERTED_FILE),
        (1_000, "auto", SearchKind.INVERTED_FILE),
        (1_000, "exact", SearchKind.EXACT),
    ],
)
def test_plan_of_the_twin(num_items: int, kind: str, expected: SearchKind) -> None:
    settings = IndexSettings(kind=kind)  # type: ignore[arg-type]
    assert twin_plan(num_items, settings).kind is expected
