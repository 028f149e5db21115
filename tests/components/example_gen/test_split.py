"""Tests of the boundaries of the splits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.split import (
    Boundaries,
    Cuts,
    configured_boundaries,
    cuts_of_kept_events,
    quantile_boundaries,
    split_masks,
    user_cuts,
)
from schemas.errors import InputError
from schemas.settings import DataSettings, from_dict
from schemas.target_settings import SplitSettings
from tests.components.example_gen.tables import at_times, sorted_events

DAY_US = 86_400 * 10**6


def test_quantiles_are_exact_without_ties() -> None:
    times = np.random.default_rng(0).permutation(1_000) * 7
    boundaries = quantile_boundaries(times, 0.1, 0.2)
    assert boundaries == Boundaries(eval_start_us=700 * 7, test_start_us=800 * 7)


@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=200),
    st.floats(0.01, 0.45),
    st.floats(0.01, 0.45),
)
def test_quantiles_leave_no_split_empty_with_three_distinct_times(
    times: list[int], eval_fraction: float, test_fraction: float
) -> None:
    boundaries = quantile_boundaries(np.array(times), eval_fraction, test_fraction)
    if boundaries is None:
        assert len(set(times)) < 3
        return
    assert min(times) < boundaries.eval_start_us < boundaries.test_start_us <= max(times)
    num_held_out = sum(max(1, round(len(times) * f)) for f in (eval_fraction, test_fraction))
    test_start = sorted(times)[-max(1, round(len(times) * test_fraction))]
    reaches_first = sorted(times)[max(0, len(times) - num_held_out)] == min(times)
    if reaches_first or len({time for time in times if time < test_start}) < 2:
        return  # Only events of the first time are train.
    in_test = sum(time >= boundaries.test_start_us for time in times)
    assert in_test >= round(len(times) * test_fraction)
    # With a later boundary test would be too small.
    assert sum(time > boundaries.test_start_us for time in times) < max(
        1, round(len(times) * test_fraction)
    )


def test_fewer_than_three_distinct_times_have_no_boundaries() -> None:
    assert quantile_boundaries(np.array([5, 5, 9, 9]), 0.1, 0.1) is None
    assert quantile_boundaries(np.array([], dtype=np.int64), 0.1, 0.1) is None


def test_if_most_events_have_the_first_time_only_they_are_train() -> None:
    times = np.array([5] * 40 + [6, 7, 8, 9])
    assert quantile_boundaries(times, 0.1, 0.1) == Boundaries(6, 8)
    assert quantile_boundaries(np.array([5] * 40 + [6] * 3 + [7]), 0.1, 0.1) == Boundaries(6, 7)


def test_three_events_make_three_splits() -> None:
    assert quantile_boundaries(np.array([1, 2, 3]), 0.1, 0.1) == Boundaries(2, 3)


def data(policy: str = "temporal", types: list[str] | None = None) -> DataSettings:
    fields = {"user_id": "u", "item_id": "i", "timestamp": "t", "event_type": "e"}
    return from_dict(
        DataSettings,
        {
            "interactions": {"path": "log", "format": "csv", "fields": fields},
            "split": {"policy": policy},
            "targets": {"event_types": types},
        },
    )


def plain(cuts: Cuts) -> tuple[list[int], list[int]]:
    return cuts.eval.tolist(), cuts.test.tolist()


def test_events_at_a_boundary_belong_to_the_later_split() -> None:
    events = at_times(1, 2, 2, 3, 4)
    assert plain(user_cuts(events, data(), Boundaries(2, 4))) == ([1], [4])


def test_every_user_is_cut_at_the_same_times() -> None:
    rows = [{"user_id": user, "time_us": time} for time, user in enumerate("abbabc")]
    events = sorted_events(rows)  # a: 0 3, b: 1 2 4, c: 5
    cuts = user_cuts(events, data(), Boundaries(2, 4))
    assert plain(cuts) == ([1, 3, 5], [2, 4, 5])
    masks = split_masks(events, cuts)
    assert {split: events.time_us[mask].tolist() for split, mask in masks.items()} == {
        "train": [0, 1],
        "eval": [3, 2],
        "test": [4, 5],
    }


def test_without_boundaries_all_events_are_train() -> None:
    assert plain(user_cuts(at_times(1, 2), data(), None)) == ([2], [2])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans()), min_size=1))
def test_cuts_of_kept_events_equal_cuts_without_the_others(
    rows: list[tuple[str, int, bool]],
) -> None:
    events = sorted_events([{"user_id": user, "time_us": time} for user, time, _ in rows])
    is_kept = np.random.default_rng(len(rows)).random(len(events)) < 0.5
    kept = events.where(is_kept)
    boundaries = Boundaries(3, 7)
    cuts = user_cuts(events, data(), boundaries)
    assert plain(cuts_of_kept_events(cuts, events, is_kept)) == plain(
        user_cuts(kept, data(), boundaries)
    )


def test_configured_boundaries_are_utc_by_default() -> None:
    settings = SplitSettings(eval_start="1970-01-02", test_start="1970-01-03T02:00:00+02:00")
    assert configured_boundaries(settings) == Boundaries(DAY_US, 2 * DAY_US)


@pytest.mark.parametrize(
    ("eval_start", "test_start", "message"),
    [
        ("2024-01-01", None, "both"),
        ("2024-01-02", "2024-01-01", "earlier"),
        ("soon", "2024-01-01", "split.eval_start: .*ISO 8601"),
    ],
)
def test_invalid_boundaries_are_errors(
    eval_start: str | None, test_start: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        configured_boundaries(SplitSettings(eval_start=eval_start, test_start=test_start))


def test_leave_one_out_uses_the_last_two_targets() -> None:
    rows = [{"time_us": time, "event_type": kind} for time, kind in enumerate("vvbvb")]
    events = sorted_events(rows)
    assert plain(user_cuts(events, data("leave_one_out"), None)) == ([3], [4])
    assert plain(user_cuts(events, data("leave_one_out", ["v"]), None)) == ([1], [3])


def test_leave_one_out_keeps_users_with_few_targets_in_train() -> None:
    rows = [{"user_id": user, "time_us": time} for time, user in enumerate("aabbb")]
    assert plain(user_cuts(sorted_events(rows), data("leave_one_out"), None)) == ([2, 3], [2, 4])
