"""When items appear, beside plain counting."""

import numpy as np
import tensorflow as tf

from components.trainer.time.first_seen import Availability, first_sight_s

ROWS = np.array([0, 2, 0, 2, 1], np.int32)
TIME_S = np.array([100, 110, 120, 130, 140])
# Of items 0 and 1 nothing is known; 2 was met earlier than its record says; 3 and 4 never.
AVAILABLE_S = np.array([-1, -1, 125, 90, 135])


def test_first_sight_is_the_earlier_of_event_and_record() -> None:
    never = np.iinfo(np.int64).max

    assert first_sight_s(ROWS, TIME_S, AVAILABLE_S).tolist() == [100, 140, 110, 90, 135, never]


def test_only_what_is_known_to_come_later_is_not_there() -> None:
    availability = Availability(ROWS, TIME_S, AVAILABLE_S)

    for time_s, absent in ((100, [2, 4]), (110, [4]), (134, [4]), (135, []), (10**12, [])):
        is_there = availability.is_there(tf.constant(time_s, tf.int64), tf.range(6)).numpy()
        assert np.flatnonzero(~is_there).tolist() == absent
    assert availability.any_late
    assert not Availability(ROWS, TIME_S, np.array([-1, -1, -1, 90, 100])).any_late
