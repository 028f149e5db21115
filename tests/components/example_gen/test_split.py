"""Where the splits begin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.split import (
    Boundaries,
    Cuts,
    configured_boundaries,
    leave_one_out_cuts,
    quantile_boundaries,
    temporal_cuts,
)
from schemas.data_settings import SplitSettings
from schemas.errors import InputError

DAY_US = 86_400 * 10**6


def test_quantiles_are_exact_without_ties():
    times = np.random.default_rng(0).permutation(1_000) * 7
    found = quantile_boundaries(times, 0.1, 0.2)
    assert found == Boundaries(eval_start_us=700 * 7, test_start_us=800 * 7)


@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=200),
    st.floats(0.01, 0.45),
    st.floats(0.01, 0.45),
)
def test_quantiles_leave_no_split_empty_where_times_allow(times, eval_fraction, test_fraction):
    found = quantile_boundaries(np.array(times), eval_fraction, test_fraction)
    if found is None:
        return
    assert min(times) < found.eval_start_us < found.test_start_us <= max(times)
    in_test = sum(time >= found.test_start_us for time in times)
    assert in_test >= round(len(times) * test_fraction)
    # No later boundary would do: without its ties, test would be too small.
    assert sum(time > found.test_start_us for time in times) < max(
        1, round(len(times) * test_fraction)
    )


def test_fewer_than_three_times_cannot_be_split():
    assert quantile_boundaries(np.array([5, 5, 9, 9]), 0.1, 0.1) is None
    assert quantile_boundaries(np.array([], dtype=np.int64), 0.1, 0.1) is None


def test_three_events_make_three_splits():
    assert quantile_boundaries(np.array([1, 2, 3]), 0.1, 0.1) == Boundaries(2, 3)


def test_boundaries_belong_to_the_later_split():
    assert temporal_cuts([1, 2, 2, 3, 4], Boundaries(2, 4)) == Cuts(1, 4)


def test_instants_are_utc_unless_they_say_otherwise():
    settings = SplitSettings(eval_start="1970-01-02", test_start="1970-01-03T02:00:00+02:00")
    assert configured_boundaries(settings) == Boundaries(DAY_US, 2 * DAY_US)


@pytest.mark.parametrize(
    ("eval_start", "test_start", "said"),
    [
        ("2024-01-01", None, "both"),
        ("2024-01-02", "2024-01-01", "earlier"),
        ("soon", "2024-01-01", "split.eval_start: .*ISO 8601"),
    ],
)
def test_unfit_instants_are_refused(eval_start, test_start, said):
    with pytest.raises(InputError, match=said):
        configured_boundaries(SplitSettings(eval_start=eval_start, test_start=test_start))


def test_leave_one_out_takes_the_last_two_targets():
    assert leave_one_out_cuts([True] * 5) == Cuts(3, 4)
    assert leave_one_out_cuts([True, True, False, True, False]) == Cuts(1, 3)


def test_leave_one_out_keeps_short_users_in_train():
    assert leave_one_out_cuts([True, False, True]) == Cuts(3, 3)
