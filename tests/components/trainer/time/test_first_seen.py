"""The times at which items appear."""

import numpy as np
import tensorflow as tf

from components.trainer.time.first_seen import AppearanceTimes, first_seen_s

ROWS = np.array([0, 2, 0, 2, 1], np.int32)
TIME_S = np.array([100, 110, 120, 130, 140])
# Items 0 and 1 have no known time; item 2 has a target before its time; 3 and 4 have no target.
AVAILABLE_S = np.array([-1, -1, 125, 90, 135])


def test_first_seen_is_the_earlier_of_first_target_and_available_at() -> None:
    never = np.iinfo(np.int64).max

    assert first_seen_s(ROWS, TIME_S, AVAILABLE_S).tolist() == [100, 140, 110, 90, 135, never]


def test_an_item_is_absent_only_before_a_known_time() -> None:
    appearances = AppearanceTimes(ROWS, TIME_S, AVAILABLE_S)

    for time_s, absent in ((100, [2, 4]), (110, [4]), (134, [4]), (135, []), (10**12, [])):
        has_appeared = appearances.has_appeared(tf.constant(time_s, tf.int64), tf.range(6)).numpy()
        assert np.flatnonzero(~has_appeared).tolist() == absent
    assert appearances.any_late
    assert not AppearanceTimes(ROWS, TIME_S, np.array([-1, -1, -1, 90, 100])).any_late
