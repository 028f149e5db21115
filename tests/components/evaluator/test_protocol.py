"""Targets and seen sets on logs small enough to work out by hand, and against a naive replay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.columns import EventColumns
from components.evaluator.protocol import Targets, successive
from schemas.errors import InputError
from tests.components.evaluator.logs import event_columns

NOTHING = event_columns([])


def seen_sets(targets: Targets) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(len(targets))]
    for row, item in zip(*targets.seen.pairs(slice(0, len(targets))), strict=True):
        sets[row].add(int(item))
    return sets


def splits(train: EventColumns, test: EventColumns) -> dict[str, EventColumns]:
    return {"train": train, "eval": NOTHING, "test": test}


def test_seen_is_the_whole_past_of_all_splits_and_not_the_window_alone() -> None:
    train = event_columns([(0, [(5, 1, 1), (6, 2, 1)]), (1, [(9, 1, 1)])])
    held = event_columns([(0, [(7, 3, 1)])])
    test = event_columns([(0, [(7, 3, 0), (8, 4, 1), (4, 5, 1)])])

    targets = successive({"train": train, "eval": held, "test": test}, True, 100, seed=1)

    assert targets.position.tolist() == [1, 2]
    assert targets.item.tolist() == [8, 4]
    assert seen_sets(targets) == [{5, 6, 7}, {5, 6, 7, 8}]
    assert targets.num_past_events.tolist() == [3, 4]


def test_target_on_a_seen_item_is_skipped_and_counted() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 3, 1), (6, 4, 1)])])

    targets = successive(splits(train, test), True, 100, seed=1)

    assert targets.item.tolist() == [6]
    assert targets.num_repeats_skipped == 2
    assert seen_sets(targets) == [{5}]
    assert targets.num_past_events.tolist() == [2]


def test_with_repeats_allowed_every_event_is_a_target_and_nothing_is_left_out() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 2, 1)])])

    targets = successive(splits(train, test), False, 100, seed=1)

    assert targets.item.tolist() == [5, 6]
    assert targets.num_repeats_skipped == 0
    assert seen_sets(targets) == [set(), set()]


def test_events_of_the_same_second_count_where_they_precede_in_the_window() -> None:
    test = event_columns([(0, [(1, 7, 1), (2, 7, 1), (1, 7, 1), (3, 7, 1)])])

    targets = successive(splits(NOTHING, test), True, 100, seed=1)

    assert targets.item.tolist() == [1, 2, 3]
    assert seen_sets(targets) == [set(), {1}, {1, 2}]
    assert targets.num_repeats_skipped == 1


def test_windows_of_another_user_in_the_same_second_stay_apart() -> None:
    test = event_columns([(0, [(1, 7, 1)]), (1, [(2, 7, 1)])])

    assert seen_sets(successive(splits(NOTHING, test), True, 100, seed=1)) == [set(), set()]


EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=30
)


@given(EVENTS, st.integers(1, 6))
def test_matches_a_naive_replay_of_the_log(log: list[tuple[int, int, int]], width: int) -> None:
    """Cuts one log into overlapping windows, and replays it user by user."""
    log = sorted({(user, time): item for user, item, time in log}.items())
    train, test, expected = [], [], []
    for user in range(3):
        past = [(item, time) for (owner, time), item in log if owner == user]
        for n, (item, time) in enumerate(past):
            window = [(i, t, 0) for i, t in past[max(0, n - width) : n]] + [(item, time, 1)]
            seen = {i for i, _ in past[:n]}
            (train if time < 5 else test).append((user, window))
            if time >= 5 and item not in seen:
                expected.append((user, item, seen, n))
    if not expected:
        with pytest.raises(InputError):
            successive(splits(event_columns(train), event_columns(test)), True, 100, seed=1)
        return

    targets = successive(splits(event_columns(train), event_columns(test)), True, 100, seed=1)

    found = zip(
        targets.user.tolist(),
        targets.item.tolist(),
        seen_sets(targets),
        targets.num_past_events.tolist(),
        strict=True,
    )
    assert list(found) == expected
    assert targets.num_repeats_skipped == len(test) - len(expected)


def test_too_many_targets_are_cut_by_drawing_whole_users() -> None:
    test = event_columns([(user, [(n, n, 1) for n in range(4)]) for user in range(50)])

    drawn = successive(splits(NOTHING, test), True, 42, seed=3)

    users, counts = np.unique(drawn.user, return_counts=True)
    assert len(drawn) == 10 * 4
    assert counts.tolist() == [4] * 10
    assert seen_sets(drawn) == [set(), {0}, {0, 1}, {0, 1, 2}] * 10
    assert users.tolist() != list(range(10))
    assert np.array_equal(
        drawn.position, successive(splits(NOTHING, test), True, 42, seed=3).position
    )
    protocol = drawn.describe(num_candidates=4, repeat_interactions="exclude")
    assert protocol["sampled"] is True
    assert (protocol["targets"], protocol["users"], protocol["sampled_from"]) == (40, 10, 200)


def test_one_user_with_more_targets_than_the_maximum_is_kept_whole() -> None:
    test = event_columns([(0, [(n, n, 1) for n in range(4)])])

    assert len(successive(splits(NOTHING, test), True, 2, seed=3)) == 4


def test_nothing_to_measure_says_why() -> None:
    repeats = event_columns([(0, [(5, 2, 1), (5, 3, 1)])])
    train = event_columns([(0, [(5, 1, 1)])])

    with pytest.raises(InputError, match="no target event"):
        successive(splits(train, NOTHING), True, 100, seed=1)
    with pytest.raises(InputError, match=r"each of the 2 target events.*repeat_interactions"):
        successive(splits(train, repeats), True, 100, seed=1)
