"""The pool of a group: which columns are negatives of which query."""

import numpy as np
import tensorflow as tf

from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.pool import group_pool, in_batch_queries, user_items

USERS = np.array([0, 0, 1, 2, 1], np.int32)
TARGETS = TargetQueries(
    queries=tf.zeros([5, 1]),
    weights=tf.ones([5]),
    item_indices=tf.constant([4, 3, 2, 1, 0]),
    time_s=tf.zeros([5], tf.int64),
    lag=tf.constant(0),
    users=tf.constant(USERS),
)
ITEMS = ScoredItems(
    rows=tf.range(10, 16),
    embeddings=tf.zeros([6, 1]),
    negative_indices=tf.constant([5, 0]),
    user_items=tf.constant([[0, 4], [2, 1], [1, 5], [0, 4], [3, 0]]),
)


def test_negatives_are_targets_of_other_users_and_drawn_items() -> None:
    pool = group_pool(TARGETS, ITEMS, slice(1, 3), in_batch=tf.constant([0, 2, 3]))

    assert pool.indices.numpy().tolist() == [3, 2, 4, 2, 1, 5, 0]
    assert pool.is_target.numpy().tolist() == [
        [True, False, False, False, False, False, False],
        [False, True, False, False, False, False, False],
    ]
    assert pool.is_negative.numpy().tolist() == [
        [False, False, False, True, True, True, True],
        [False, False, True, False, True, True, True],
    ]
    assert pool.num_in_batch.numpy().tolist() == [2, 2]


def test_without_numbers_of_users_all_queries_are_of_different_users() -> None:
    targets = TARGETS._replace(users=None)

    pool = group_pool(targets, ITEMS, slice(0, 2), in_batch=tf.constant([1, 2]))

    assert pool.num_in_batch.numpy().tolist() == [2, 1]


def test_in_batch_negatives_are_spread_over_the_step() -> None:
    for num_queries, largest in ((1000, 10), (10, 10), (3, 10), (0, 10), (10, 0)):
        chosen = in_batch_queries(tf.constant(num_queries), largest).numpy()

        assert len(chosen) == min(num_queries, largest)
        # The queries after each chosen one, up to the next one or the end of the step.
        gaps = np.diff([*chosen, num_queries])
        assert chosen[:1].tolist() == [0] * min(1, len(chosen))
        assert len(chosen) == 0 or 1 <= gaps.min() <= gaps.max() <= gaps.min() + 1


def test_the_items_of_a_user_are_those_of_the_pairs() -> None:
    known = user_items(TARGETS, ITEMS)

    assert known is not None
    expected = np.zeros((4, 6), bool)
    expected[[0, 1, 2, 3], [4, 5, 1, 0]] = True
    np.testing.assert_array_equal(known, expected)
    assert user_items(TARGETS, ITEMS._replace(user_items=None)) is None
