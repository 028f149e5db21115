"""Each similarity as a dot product."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.model.similarity import candidate_side, item_as_query, query_side, width
from schemas.model_settings import Similarity

RNG = np.random.default_rng(1)
QUERIES = RNG.normal(size=(4, 3)).astype(np.float32)
ITEMS = RNG.normal(size=(5, 3)).astype(np.float32)


def scores(similarity: str) -> np.ndarray:
    queries = query_side(tf.constant(QUERIES), similarity)
    items = candidate_side(tf.constant(ITEMS), similarity)
    assert queries.shape[1] == items.shape[1] == width(3, similarity)
    return queries.numpy() @ items.numpy().T


def test_dot() -> None:
    np.testing.assert_allclose(scores("dot"), QUERIES @ ITEMS.T, rtol=1e-5)


def test_cosine() -> None:
    lengths = np.linalg.norm(QUERIES, axis=1)[:, np.newaxis] * np.linalg.norm(ITEMS, axis=1)

    np.testing.assert_allclose(scores("cosine"), QUERIES @ ITEMS.T / lengths, rtol=1e-5)


def test_euclidean_is_minus_the_squared_distance() -> None:
    distance = np.linalg.norm(QUERIES[:, np.newaxis] - ITEMS, axis=2)

    np.testing.assert_allclose(scores("euclidean"), -(distance**2), atol=1e-5)


@pytest.mark.parametrize("similarity", ["dot", "cosine", "euclidean"])
def test_an_item_as_a_query_is_the_query_side_of_what_it_was_made_of(
    similarity: Similarity,
) -> None:
    item = candidate_side(tf.constant(ITEMS), similarity)

    query = item_as_query(item, similarity)

    np.testing.assert_allclose(query, query_side(tf.constant(ITEMS), similarity), rtol=1e-6)


@pytest.mark.parametrize("side", [query_side, candidate_side])
def test_a_vector_of_zeros_has_a_cosine_of_zero(side) -> None:  # type: ignore[no-untyped-def]
    np.testing.assert_array_equal(side(np.zeros((1, 3), np.float32), "cosine"), np.zeros((1, 3)))
