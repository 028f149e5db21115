"""The comparison of the searches of both models in one graph."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.retrieval.in_graph import compare
from components.indexer.search import query_kind, search_plan
from components.indexer.search.exact import ExactSearch
from components.indexer.search.leaves import leaf_order
from components.indexer.search.recall_latency import TuningQueries
from schemas.serving_settings import IndexSettings


def test_both_searches_are_tuned_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_plan, "MIN_INVERTED_FILE_ITEMS", 1000)
    monkeypatch.setattr(query_kind, "exact_ms", lambda kind: 1e6)
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(1000, 4)).astype(np.float32)
    exact = ExactSearch(tf.Variable(vectors[leaf_order(vectors)]))
    queries = TuningQueries(
        rng.normal(size=(64, 4)).astype(np.float32), np.zeros((64, 0), np.int32)
    )
    settings = IndexSettings(k=5, max_k=5, recall_target=0.5, tuning_seconds=1e-3)

    cells = compare(exact, queries, settings).cells()

    assert cells[0] == "0.5"
    assert cells[1].startswith("inverted_file, ")
    assert cells[2].startswith("scann_brute_force, no leaves, 1.0000")
    assert all(float(cell) > 0 for cell in cells[3:])
