"""Recall and latency of a search."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.indexer.search.recall_latency import TuningQueries, latency_ms, recalls
from schemas.serving import PADDING_SCORE

NONE = PADDING_SCORE


def test_recall_is_the_fraction_of_exact_results_found() -> None:
    exact = np.array([[1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1]])
    exact_scores = np.array([[9, 8, 7, 6], [3, 2, NONE, NONE], [NONE] * 4], np.float32)
    found = np.array([[1, 4, 8, 9], [5, -1, -1, -1], [-1, -1, -1, -1]])
    scores = np.array([[9, 6, 5, 4], [3, NONE, NONE, NONE], [NONE] * 4], np.float32)
    query_recalls = recalls((found, scores), (exact, exact_scores))
    assert list(query_recalls) == pytest.approx([2 / 4, 1 / 2, 1])


def test_any_of_several_equal_items_counts_as_found() -> None:
    exact = np.array([[1, 2, 3]]), np.array([[9, 8, 8]], np.float32)
    others = np.array([[1, 7, 6]])
    above, below = np.float32(8 + 1e-6), np.float32(8 - 1e-6)
    assert list(recalls((others, np.array([[9, above, below]])), exact)) == [1]
    assert list(recalls((others, np.array([[9, 8, 7.9]])), exact)) == pytest.approx([2 / 3])
    negative = np.array([[4]]), np.array([[-8]], np.float32)
    assert list(recalls((np.array([[5]]), np.array([[-8]])), negative)) == [1]
    assert list(recalls((np.array([[5]]), np.array([[-8.1]])), negative)) == [0]


@pytest.mark.parametrize(("num_queries", "sizes"), [(1, (1, 1)), (2, (1, 1)), (5, (2, 3))])
def test_halves_are_disjoint_except_for_a_single_query(
    num_queries: int, sizes: tuple[int, int]
) -> None:
    queries = TuningQueries(
        np.eye(num_queries, dtype=np.float32), np.zeros((num_queries, 0), np.int32)
    )
    tuning_half, test_half = queries.halves()
    assert (len(tuning_half), len(test_half)) == sizes
    shared = (tuning_half.embedding @ test_half.embedding.T).any()
    assert shared == (num_queries == 1)


def test_halves_share_no_user_and_have_equally_many() -> None:
    # A few users have most of the queries, as in a sample of targets.
    rng = np.random.default_rng(5)
    user = np.minimum(rng.zipf(1.6, 300), 41)
    queries = TuningQueries(np.zeros((300, 2), np.float32), np.zeros((300, 0), np.int32), user)

    halves = [set(half.users) for half in queries.halves()]

    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == set(user)
    assert len(halves[1]) - len(halves[0]) in (0, 1)
    assert sum(len(half) for half in queries.halves()) == 300


def test_a_single_user_is_in_both_halves() -> None:
    queries = TuningQueries(
        np.zeros((3, 2), np.float32), np.zeros((3, 0), np.int32), np.array([7, 7, 7])
    )
    assert [len(half) for half in queries.halves()] == [3, 3]


def test_latency_is_measured_query_by_query() -> None:
    batches = []

    def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def record(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            batches.append(rows.copy())
            return rows

        return num_neighbors, tf.numpy_function(record, [queries], tf.float32)

    embedding = np.arange(6, dtype=np.float32).reshape(3, 2)

    assert latency_ms(search, TuningQueries(embedding, np.zeros((3, 0), np.int32)), fetch=5) > 0

    assert len(batches) % 3 == 0
    np.testing.assert_array_equal(np.concatenate(batches[:3]), embedding)
