"""The inverted file against NumPy, in memory, and after loading."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.indexer.probe.served_model import ServedModel
from components.indexer.search.inverted_file import (
    InvertedFile,
    InvertedFileSearch,
    batch_transient_bytes,
)
from components.indexer.search.leaves import leaf_order
from schemas.serving import PADDING_SCORE

DIM = 6
SIGNATURE = "search"


def make_index(num_items: int) -> InvertedFile:
    vectors = np.random.default_rng(num_items).normal(size=(num_items, DIM)).astype(np.float32)
    return InvertedFile(tf.Variable(vectors[leaf_order(vectors)], trainable=False))


def queries(batch: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(batch, DIM)).astype(np.float32)


INDEXES = {num_items: make_index(num_items) for num_items in (8, 15, 64, 203)}


@settings(max_examples=40, deadline=None)
@given(
    num_items=st.sampled_from(sorted(INDEXES)),
    batch=st.integers(0, 4),
    k=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_search_of_all_leaves_is_exact(num_items: int, batch: int, k: int, seed: int) -> None:
    index, query = INDEXES[num_items], queries(batch, seed)
    search = InvertedFileSearch(index, index.num_leaves)
    rows, scores = search(tf.constant(query), tf.constant(k))
    exact = query @ index.embedding.numpy().T
    expected = np.argsort(-exact, axis=1)[:, :k]
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(
        scores, np.take_along_axis(exact, expected, axis=1), rtol=1e-4, atol=1e-5
    )


@settings(max_examples=40, deadline=None)
@given(
    num_items=st.sampled_from(sorted(INDEXES)),
    batch=st.integers(0, 3),
    leaves=st.integers(1, 30),
    k=st.integers(0, 203),
    scale=st.sampled_from([0.0, 1e-3, 1e3]),
)
def test_any_search_returns_distinct_items_with_their_scores(
    num_items: int, batch: int, leaves: int, k: int, scale: float
) -> None:
    index, query, k = INDEXES[num_items], scale * queries(batch), min(k, num_items)
    rows, scores = (
        part.numpy()
        for part in InvertedFileSearch(index, leaves)(
            tf.constant(query, tf.float32), tf.constant(k)
        )
    )
    assert rows.shape == scores.shape == (batch, k)
    assert (np.diff(scores, axis=1) <= 0).all()
    exact = query @ index.embedding.numpy().T
    for row in range(batch):
        is_item = scores[row] > PADDING_SCORE
        found = rows[row][is_item]
        assert len(found) >= min(k, index.leaf_size)
        assert len(set(found)) == len(found)
        np.testing.assert_allclose(
            scores[row][is_item], exact[row][found], rtol=1e-4, atol=1e-5 * max(scale, 1)
        )
        assert (scores[row][~is_item] == PADDING_SCORE).all()


def test_batch_of_a_static_size_can_be_traced() -> None:
    search, query = InvertedFileSearch(INDEXES[64], 3), tf.constant(queries(5))
    rows, scores = tf.function(search.__call__, autograph=False)(query, tf.constant(4))
    expected_rows, expected_scores = search(query, tf.constant(4))
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-6)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_number_of_leaves_is_bounded(scale: float) -> None:
    index = INDEXES[203]
    for query in scale * queries(20):
        leaves = InvertedFileSearch(index, 5)._best_leaves(
            tf.constant(query[np.newaxis], tf.float32)
        )
        assert 1 <= len(leaves) <= 10


def test_memory_of_a_batch_is_bounded() -> None:
    # The vectors have 25.6 MB. A gather for all of 256 queries would have 190 MB.
    assert batch_transient_bytes(100_000, 64, leaves_to_search=400) < 8 << 20
    assert batch_transient_bytes(1_000_000, 64, leaves_to_search=1000) < 40 << 20


def test_leaves_and_exact_search_share_the_vectors() -> None:
    index = INDEXES[203]
    stored = sum(variable.numpy().nbytes for variable in index.variables)
    assert stored == index.embedding.numpy().nbytes + index.state_bytes()
    assert index.state_bytes() < 0.3 * index.embedding.numpy().nbytes


class _Model(tf.Module):
    def __init__(self, search: InvertedFileSearch):
        super().__init__()
        self.search = search

    @tf.function(
        autograph=False,
        input_signature=[tf.TensorSpec([None, DIM], tf.float32), tf.TensorSpec([], tf.int32)],
    )
    def __call__(self, query: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        rows, scores = self.search(query, k)
        return {"rows": rows, "scores": scores}


@pytest.mark.parametrize("batch", [0, 1, 5])
def test_loaded_search_gives_the_same_answers(tmp_path: Path, batch: int) -> None:
    search = InvertedFileSearch(INDEXES[203], 3)
    model = _Model(search)
    tf.saved_model.save(model, str(tmp_path), signatures={SIGNATURE: model.__call__})
    inputs: dict[str, Any] = {"query": queries(batch), "k": np.int32(30)}
    found = ServedModel(str(tmp_path))(SIGNATURE, inputs)
    rows, scores = search(tf.constant(inputs["query"]), tf.constant(30))
    np.testing.assert_array_equal(found["rows"], rows)
    np.testing.assert_allclose(found["scores"], scores, rtol=1e-6)
