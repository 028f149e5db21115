"""Timestamps as indices, beside the calendar."""

from datetime import datetime, timezone

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.time import time_features as times


@pytest.mark.parametrize("timestamp_s", [0, 1_700_000_000, 1_719_705_599, 1_719_705_600])
def test_hour_and_day_are_those_of_the_calendar(timestamp_s: int) -> None:
    moment = datetime.fromtimestamp(timestamp_s, timezone.utc)
    timestamps = tf.constant([timestamp_s], tf.int64)

    assert times.hour_of_day(timestamps).numpy() == [moment.hour]
    assert times.day_of_week(timestamps).numpy() == [moment.weekday()]


def test_missing_times_have_an_index_of_their_own() -> None:
    missing, known = tf.constant([-1, -1, 5], tf.int64), tf.constant([-1, 5, -1], tf.int64)

    assert times.hour_of_day(missing).numpy().tolist() == [times.HOURS, times.HOURS, 0]
    assert times.day_of_week(missing)[0] == times.DAYS
    assert times.gap_bucket(missing, known).numpy().tolist() == [times.GAP_BUCKETS] * 3


def test_gaps_fall_into_powers_of_two() -> None:
    gaps = np.array([0, 1, 2, 3, 4, 1023, 1024, 2**40, -5], np.int64)

    buckets = times.gap_bucket(tf.constant(gaps + 10), tf.fill(gaps.shape, np.int64(10)))

    expected = [min(int(max(gap, 0)).bit_length(), times.GAP_BUCKETS - 1) for gap in gaps]
    assert buckets.numpy().tolist() == expected


def test_shifted_is_the_event_before() -> None:
    shifted = times.shifted(tf.constant([[3, 4, 9]], tf.int64))

    assert shifted.numpy().tolist() == [[-1, 3, 4]]
