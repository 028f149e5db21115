"""Recall, and the time of a search."""

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.search.quality import Queries, latency_ms, recalls
from schemas.serving import PADDING_SCORE

NONE = PADDING_SCORE


def test_recall_is_the_share_of_what_exists() -> None:
    exact = np.array([[1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1]])
    exact_scores = np.array([[9, 8, 7, 6], [3, 2, NONE, NONE], [NONE] * 4], np.float32)
    found = np.array([[1, 4, 8, 9], [5, -1, -1, -1], [-1, -1, -1, -1]])
    scores = np.array([[9, 6, 5, 4], [3, NONE, NONE, NONE], [NONE] * 4], np.float32)
    shares = recalls((found, scores), (exact, exact_scores))
    assert list(shares) == pytest.approx([2 / 4, 1 / 2, 1])


def test_any_of_several_equal_items_is_as_good() -> None:
    exact = np.array([[1, 2, 3]]), np.array([[9, 8, 8]], np.float32)
    others = np.array([[1, 7, 6]])
    above, below = np.float32(8 + 1e-6), np.float32(8 - 1e-6)
    assert list(recalls((others, np.array([[9, above, below]])), exact)) == [1]
    assert list(recalls((others, np.array([[9, 8, 7.9]])), exact)) == pytest.approx([2 / 3])
    negative = np.array([[4]]), np.array([[-8]], np.float32)
    assert list(recalls((np.array([[5]]), np.array([[-8]])), negative)) == [1]
    assert list(recalls((np.array([[5]]), np.array([[-8.1]])), negative)) == [0]


@pytest.mark.parametrize(("num_queries", "sizes"), [(1, (1, 1)), (2, (1, 1)), (5, (2, 3))])
def test_halves_share_no_query_but_the_only_one(num_queries: int, sizes: tuple[int, int]) -> None:
    queries = Queries(np.eye(num_queries), np.zeros((num_queries, 0)))
    chosen_on, reported_on = queries.halves()
    assert (len(chosen_on), len(reported_on)) == sizes
    shared = (chosen_on.embedding @ reported_on.embedding.T).any()
    assert shared == (num_queries == 1)


def test_latency_is_of_one_query_after_the_other() -> None:
    batches = []

    def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def record(rows: np.ndarray) -> np.ndarray:
            batches.append(rows.copy())
            return rows

        return num_neighbors, tf.numpy_function(record, [queries], tf.float32)

    embedding = np.arange(6, dtype=np.float32).reshape(3, 2)

    assert latency_ms(search, Queries(embedding, np.zeros((3, 0))), fetch=5) > 0

    assert len(batches) % 3 == 0
    np.testing.assert_array_equal(np.concatenate(batches[:3]), embedding)
