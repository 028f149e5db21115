"""Indices of timestamps, compared with the calendar of Python."""

from datetime import datetime, timezone

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.time import time_features


@pytest.mark.parametrize("timestamp_s", [0, 1_700_000_000, 1_719_705_599, 1_719_705_600])
def test_hour_and_weekday_equal_those_of_datetime(timestamp_s: int) -> None:
    moment = datetime.fromtimestamp(timestamp_s, timezone.utc)
    timestamps = tf.constant([timestamp_s], tf.int64)

    assert time_features.hour_of_day(timestamps).numpy() == [moment.hour]
    assert time_features.day_of_week(timestamps).numpy() == [moment.weekday()]


def test_missing_timestamps_have_the_last_index() -> None:
    missing, known = tf.constant([-1, -1, 5], tf.int64), tf.constant([-1, 5, -1], tf.int64)

    assert time_features.hour_of_day(missing).numpy().tolist() == [
        time_features.HOURS,
        time_features.HOURS,
        0,
    ]
    assert time_features.day_of_week(missing)[0] == time_features.DAYS
    assert (
        time_features.gap_bucket(missing, known).numpy().tolist() == [time_features.GAP_BUCKETS] * 3
    )


def test_the_bucket_of_a_gap_is_its_number_of_bits() -> None:
    gaps = np.array([0, 1, 2, 3, 4, 1023, 1024, 2**40, -5], np.int64)

    buckets = time_features.gap_bucket(tf.constant(gaps + 10), tf.fill(gaps.shape, np.int64(10)))

    expected = [min(int(max(gap, 0)).bit_length(), time_features.GAP_BUCKETS - 1) for gap in gaps]
    assert buckets.numpy().tolist() == expected


def test_previous_timestamps_are_those_of_the_event_before() -> None:
    previous = time_features.previous_timestamps(tf.constant([[3, 4, 9]], tf.int64))

    assert previous.numpy().tolist() == [[-1, 3, 4]]
