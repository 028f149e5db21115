"""What losses are told of items at an instant."""

import numpy as np
import tensorflow as tf

from components.trainer.time.first_seen import Availability
from components.trainer.time.items_in_time import ItemsInTime
from components.trainer.time.popularity import NUM_FEATURES, NUM_PERIODS, RecentPopularity

NUM_ITEMS = 4
LOGGED = np.arange(640) % NUM_ITEMS, np.arange(640) * 10, np.full(NUM_ITEMS, -1)
EMBEDDINGS = tf.ones([NUM_ITEMS, 3])
ROWS = tf.range(NUM_ITEMS)


def seconds(value: int) -> tf.Tensor:
    return tf.constant(value, tf.int64)


def test_features_are_as_of_a_lag_before() -> None:
    popularity = RecentPopularity(*LOGGED)
    in_time = ItemsInTime(popularity)

    # ten targets, a hundred seconds, a period
    for asked_s, lag, period in ((0, 5, 0), (310, 5, 0), (2_050, 5, 15), (10**15, 0, NUM_PERIODS)):
        found = in_time.with_features(EMBEDDINGS, ROWS, seconds(asked_s), tf.constant(lag))
        expected = popularity.features(tf.constant(period), ROWS)
        np.testing.assert_array_equal(found, tf.concat([EMBEDDINGS, expected], 1))
    assert in_time.num_features == NUM_FEATURES


def test_groups_are_small_only_where_items_move() -> None:
    availability = Availability(LOGGED[0], LOGGED[1], np.full(NUM_ITEMS, 50))

    for in_time, expected in (
        (ItemsInTime(), 512),
        (ItemsInTime(availability=availability), 63),
        (ItemsInTime(RecentPopularity(*LOGGED)), 63),
    ):
        assert in_time.group_size(tf.constant(512), tf.constant(2_000)) == expected
        assert in_time.group_size(tf.constant(0), tf.constant(0)) == 1


def test_nothing_moves_by_default() -> None:
    in_time = ItemsInTime()

    assert not in_time.moves
    assert in_time.num_features == in_time.draw_lag() == 0
    assert in_time.is_there(ROWS, seconds(0)) is None
    assert in_time.with_features(EMBEDDINGS, ROWS, seconds(0), tf.constant(0)) is EMBEDDINGS
