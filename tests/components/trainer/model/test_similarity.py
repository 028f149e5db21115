"""The dot product of query vector and candidate vector is the similarity."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.model.similarity import (
    candidate_to_query,
    candidate_vector,
    query_vector,
    vector_width,
)
from schemas.model_settings import Similarity

RNG = np.random.default_rng(1)
QUERIES = RNG.normal(size=(4, 3)).astype(np.float32)
ITEMS = RNG.normal(size=(5, 3)).astype(np.float32)


def scores(similarity: Similarity) -> npt.NDArray[np.float32]:
    queries = query_vector(tf.constant(QUERIES), similarity)
    items = candidate_vector(tf.constant(ITEMS), similarity)
    assert queries.shape[1] == items.shape[1] == vector_width(3, similarity)
    return queries.numpy() @ items.numpy().T


def test_dot_product() -> None:
    np.testing.assert_allclose(scores("dot"), QUERIES @ ITEMS.T, rtol=1e-5)


def test_cosine_similarity() -> None:
    lengths = np.linalg.norm(QUERIES, axis=1)[:, np.newaxis] * np.linalg.norm(ITEMS, axis=1)

    np.testing.assert_allclose(scores("cosine"), QUERIES @ ITEMS.T / lengths, rtol=1e-5)


def test_euclidean_similarity_is_minus_the_squared_distance() -> None:
    distance = np.linalg.norm(QUERIES[:, np.newaxis] - ITEMS, axis=2)

    np.testing.assert_allclose(scores("euclidean"), -(distance**2), atol=1e-5)


@pytest.mark.parametrize("similarity", ["dot", "cosine", "euclidean"])
def test_a_candidate_vector_is_converted_to_the_query_vector_of_the_same_item(
    similarity: Similarity,
) -> None:
    item = candidate_vector(tf.constant(ITEMS), similarity)

    query = candidate_to_query(item, similarity)

    np.testing.assert_allclose(query, query_vector(tf.constant(ITEMS), similarity), rtol=1e-6)


@pytest.mark.parametrize("vector", [query_vector, candidate_vector])
def test_the_cosine_of_a_zero_vector_is_0(
    vector: Callable[[npt.NDArray[np.float32], Similarity], tf.Tensor],
) -> None:
    np.testing.assert_array_equal(vector(np.zeros((1, 3), np.float32), "cosine"), np.zeros((1, 3)))
