"""The features of items at an instant, and the items that have appeared by it."""

import numpy as np
import tensorflow as tf

from components.trainer.seeds import step_seed
from components.trainer.time.first_seen import AppearanceTimes
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import NUM_FEATURES, NUM_PERIODS, RecentPopularity

NUM_ITEMS = 4
ROWS_OF_TARGETS = np.tile(np.arange(NUM_ITEMS, dtype=np.int32), 160)
TARGETS = ROWS_OF_TARGETS, np.arange(640) * 10, np.full(NUM_ITEMS, -1)
EMBEDDINGS = tf.ones([NUM_ITEMS, 3])
ROWS = tf.range(NUM_ITEMS)


def seconds(value: int) -> tf.Tensor:
    return tf.constant(value, tf.int64)


def test_features_are_as_of_the_given_lag_before_the_instant() -> None:
    popularity = RecentPopularity(*TARGETS)
    dynamics = ItemDynamics(popularity)

    # a period has ten targets and a hundred seconds
    for time_s, lag, period in ((0, 5, 0), (310, 5, 0), (2_050, 5, 15), (10**15, 0, NUM_PERIODS)):
        features = dynamics.with_features(EMBEDDINGS, ROWS, seconds(time_s), tf.constant(lag))
        expected = popularity.features(tf.constant(period), ROWS)
        np.testing.assert_array_equal(features, tf.concat([EMBEDDINGS, expected], 1))
    assert dynamics.num_features == NUM_FEATURES


def test_lags_are_spread_evenly_up_to_the_longest() -> None:
    dynamics = ItemDynamics(RecentPopularity(*TARGETS), longest_lag=3)

    lags = [int(dynamics.draw_lag(step_seed(1, tf.constant(step)))) for step in range(400)]

    assert sorted(set(lags)) == [0, 1, 2, 3]
    assert min(np.bincount(lags)) > 60


def test_groups_are_small_only_if_items_depend_on_time() -> None:
    appearances = AppearanceTimes(TARGETS[0], TARGETS[1], np.full(NUM_ITEMS, 50))

    for dynamics, expected in (
        (ItemDynamics(), 512),
        (ItemDynamics(appearances=appearances), 63),
        (ItemDynamics(RecentPopularity(*TARGETS)), 63),
    ):
        assert dynamics.group_size(tf.constant(512), tf.constant(2_000)) == expected
        assert dynamics.group_size(tf.constant(0), tf.constant(0)) == 1


def test_items_do_not_depend_on_time_by_default() -> None:
    dynamics = ItemDynamics()

    assert not dynamics.depends_on_time
    assert dynamics.num_features == dynamics.draw_lag(tf.constant([1, 2])) == 0
    assert dynamics.has_appeared(ROWS, seconds(0)) is None
    assert dynamics.with_features(EMBEDDINGS, ROWS, seconds(0), tf.constant(0)) is EMBEDDINGS
