"""Targets and seen sets on logs small enough to work out by hand, and against a naive replay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.columns import EventColumns
from components.evaluator.protocol import Protocol, all_future, first, last, successive
from components.evaluator.queries import Queries
from schemas.errors import InputError
from tests.components.evaluator.logs import event_columns

NOTHING = event_columns([])


def seen_sets(queries: Queries) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(len(queries))]
    for row, item in zip(*queries.seen.pairs(slice(0, len(queries))), strict=True):
        sets[row].add(int(item))
    return sets


def splits(train: EventColumns, test: EventColumns) -> dict[str, EventColumns]:
    return {"train": train, "eval": NOTHING, "test": test}


def test_seen_is_the_whole_past_of_all_splits_and_not_the_window_alone() -> None:
    train = event_columns([(0, [(5, 1, 1), (6, 2, 1)]), (1, [(9, 1, 1)])])
    held = event_columns([(0, [(7, 3, 1)])])
    test = event_columns([(0, [(7, 3, 0), (8, 4, 1), (4, 5, 1)])])

    asked = successive({"train": train, "eval": held, "test": test}, True, 100, seed=1)
    targets = asked.queries

    assert targets.position.tolist() == [1, 2]
    assert targets.item.tolist() == [8, 4]
    assert seen_sets(targets) == [{5, 6, 7}, {5, 6, 7, 8}]
    assert targets.num_past_events.tolist() == [3, 4]


def test_target_on_a_seen_item_is_skipped_and_counted() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 3, 1), (6, 4, 1)])])

    asked = successive(splits(train, test), True, 100, seed=1)
    targets = asked.queries

    assert targets.item.tolist() == [6]
    assert asked.num_repeats_skipped == 2
    assert seen_sets(targets) == [{5}]
    assert targets.num_past_events.tolist() == [2]


def test_with_repeats_allowed_every_event_is_a_target_and_nothing_is_left_out() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 2, 1)])])

    asked = successive(splits(train, test), False, 100, seed=1)
    targets = asked.queries

    assert targets.item.tolist() == [5, 6]
    assert asked.num_repeats_skipped == 0
    assert seen_sets(targets) == [set(), set()]


def test_events_of_the_same_second_count_where_they_precede_in_the_window() -> None:
    test = event_columns([(0, [(1, 7, 1), (2, 7, 1), (1, 7, 1), (3, 7, 1)])])

    asked = successive(splits(NOTHING, test), True, 100, seed=1)
    targets = asked.queries

    assert targets.item.tolist() == [1, 2, 3]
    assert seen_sets(targets) == [set(), {1}, {1, 2}]
    assert asked.num_repeats_skipped == 1


def test_windows_of_another_user_in_the_same_second_stay_apart() -> None:
    test = event_columns([(0, [(1, 7, 1)]), (1, [(2, 7, 1)])])

    asked = successive(splits(NOTHING, test), True, 100, seed=1)

    assert seen_sets(asked.queries) == [set(), set()]


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

    asked = successive(splits(event_columns(train), event_columns(test)), True, 100, seed=1)
    targets = asked.queries

    found = zip(
        targets.user.tolist(),
        targets.item.tolist(),
        seen_sets(targets),
        targets.num_past_events.tolist(),
        strict=True,
    )
    assert list(found) == expected
    assert asked.num_repeats_skipped == len(test) - len(expected)


def test_too_many_targets_are_cut_by_drawing_whole_users() -> None:
    test = event_columns([(user, [(n, n, 1) for n in range(4)]) for user in range(50)])

    asked = successive(splits(NOTHING, test), True, 42, seed=3)
    drawn = asked.queries

    users, counts = np.unique(drawn.user, return_counts=True)
    assert len(drawn) == 10 * 4
    assert counts.tolist() == [4] * 10
    assert seen_sets(drawn) == [set(), {0}, {0, 1}, {0, 1, 2}] * 10
    assert users.tolist() != list(range(10))
    assert np.array_equal(
        drawn.position, successive(splits(NOTHING, test), True, 42, seed=3).queries.position
    )
    protocol = asked.describe(num_candidates=4, repeat_interactions="exclude")
    assert protocol["sampled"] is True
    assert (protocol["targets"], protocol["users"]) == (40, 10)
    assert protocol["sampled_from_users"] == 50


def test_one_user_with_more_targets_than_the_maximum_is_kept_whole() -> None:
    test = event_columns([(0, [(n, n, 1) for n in range(4)])])

    assert len(successive(splits(NOTHING, test), True, 2, seed=3).queries) == 4


def test_nothing_to_measure_says_why() -> None:
    repeats = event_columns([(0, [(5, 2, 1), (5, 3, 1)])])
    train = event_columns([(0, [(5, 1, 1)])])

    with pytest.raises(InputError, match="no target event"):
        successive(splits(train, NOTHING), True, 100, seed=1)
    with pytest.raises(InputError, match=r"each of the 2 target events.*repeat_interactions"):
        successive(splits(train, repeats), True, 100, seed=1)


def relevant_sets(queries: Queries) -> list[set[int]]:
    parts = np.split(queries.item, queries.offsets[1:-1])
    return [set(part.tolist()) for part in parts]


@pytest.fixture
def two_users() -> dict[str, EventColumns]:
    """The split is at 10. User 0 has three targets from then on, one seen before; user 1 two."""
    train = event_columns([(0, [(5, 1, 1), (6, 2, 1)]), (1, [(5, 4, 1)])])
    test = event_columns(
        [
            (0, [(5, 1, 0), (6, 2, 0), (7, 11, 0), (8, 12, 1), (6, 13, 1)]),
            (0, [(8, 12, 0), (6, 13, 0), (9, 14, 1)]),
            (1, [(5, 4, 0), (9, 10, 1), (4, 10, 1)]),
        ]
    )
    return splits(train, test)


def test_first_and_last_of_each_user(two_users: dict[str, EventColumns]) -> None:
    asked = successive(two_users, True, 100, seed=1)

    ends = [end(asked, two_users["test"]) for end in (first, last)]

    assert asked.queries.item.tolist() == [8, 9, 9, 4]
    assert [end.queries.item.tolist() for end in ends] == [[8, 9], [9, 4]]
    assert [end.queries.user.tolist() for end in ends] == [[0, 1], [0, 1]]
    assert seen_sets(ends[1].queries) == [{5, 6, 7, 8}, {5, 9}]
    assert [end.name for end in ends] == ["first", "last"]
    assert not any(end.describe(9, "exclude")["sampled"] for end in ends)


def test_all_future_is_asked_at_the_split_for_everything_after(
    two_users: dict[str, EventColumns],
) -> None:
    asked = all_future(successive(two_users, True, 100, seed=1), two_users, True)

    queries = asked.queries
    assert queries.user.tolist() == [0, 1]
    assert relevant_sets(queries) == [{8, 9}, {9, 4}]
    assert asked.num_repeats_skipped == 1
    assert queries.time_s is not None
    assert queries.time_s.tolist() == [10, 10]
    # User 0's history ends before the view of item 7, which came after the split.
    assert queries.position.tolist() == [2, 9]
    assert seen_sets(queries) == [{5, 6}, {5}]
    assert queries.num_past_events.tolist() == [2, 1]
    assert asked.describe(9, "exclude")["targets"] == 4


def test_all_future_with_repeats_allowed(two_users: dict[str, EventColumns]) -> None:
    asked = all_future(successive(two_users, False, 100, seed=1), two_users, False)

    assert relevant_sets(asked.queries) == [{6, 8, 9}, {9, 4}]
    assert seen_sets(asked.queries) == [set(), set()]
    assert asked.num_repeats_skipped == 0


def test_all_future_asks_the_users_that_were_drawn(two_users: dict[str, EventColumns]) -> None:
    drawn = successive(two_users, True, 2, seed=1)

    asked = all_future(drawn, two_users, True)

    assert drawn.queries.num_users == 1
    assert asked.queries.user.tolist() == np.unique(drawn.queries.user).tolist()
    for protocol in (asked, first(drawn, two_users["test"]), last(drawn, two_users["test"])):
        facts = protocol.describe(9, "exclude")
        assert (facts["sampled"], facts["sampled_from_users"]) == (True, 2)


def test_all_future_asks_for_what_was_new_at_the_split_though_seen_before_its_target() -> None:
    """User 1 views item 4 after the split, and then buys it: purchases are the targets."""
    train = event_columns([(0, [(5, 1, 1)]), (1, [(5, 1, 1)])])
    test = event_columns([(0, [(6, 10, 1)]), (1, [(4, 11, 0), (4, 12, 1)])])
    events = splits(train, test)

    in_turn = successive(events, True, 100, seed=1)

    assert in_turn.queries.user.tolist() == [0]
    assert all_future(in_turn, events, True).queries.user.tolist() == [0, 1]


def test_events_of_one_second_and_item_count_each() -> None:
    """A view and a click, and copies of both in the next window."""
    train = event_columns([(0, [(5, 1, 0), (5, 1, 1)]), (0, [(5, 1, 0), (5, 1, 0), (6, 2, 1)])])
    test = event_columns([(0, [(6, 2, 0), (7, 10, 1)])])

    asked = successive(splits(train, test), True, 100, seed=1)

    assert asked.queries.num_past_events.tolist() == [3]
    assert seen_sets(asked.queries) == [{5, 6}]


@given(EVENTS, st.integers(1, 6), st.booleans())
def test_all_future_matches_a_naive_replay(
    log: list[tuple[int, int, int]], width: int, exclude_seen: bool
) -> None:
    log = sorted({(user, time): item for user, item, time in log}.items())
    train, test, expected = [], [], []
    instants = [time for (_, time), _ in log if time >= 5]
    for user in range(3):
        past = [(item, time) for (owner, time), item in log if owner == user]
        for n, (item, time) in enumerate(past):
            window = [(i, t, 0) for i, t in past[max(0, n - width) : n]] + [(item, time, 1)]
            (train if time < 5 else test).append((user, window))
        seen = {i for i, t in past if t < 5}
        future = {i for i, t in past if t >= 5} - (seen if exclude_seen else set())
        if future:
            left_out = seen if exclude_seen else set()
            expected.append((user, future, left_out, sum(t < 5 for _, t in past)))
    events = splits(event_columns(train), event_columns(test))
    if not expected:
        with pytest.raises(InputError):
            successive(events, exclude_seen, 100, seed=1)
        return

    in_turn = successive(events, exclude_seen, 100, seed=1)
    queries = all_future(in_turn, events, exclude_seen).queries

    found = zip(
        queries.user.tolist(),
        relevant_sets(queries),
        seen_sets(queries),
        queries.num_past_events.tolist(),
        strict=True,
    )
    assert list(found) == expected
    assert set(queries.time_s.tolist()) == {min(instants)}  # type: ignore[union-attr]
    assert (events["test"].timestamp[queries.position] >= min(instants)).all()


def test_protocols_of_another_split() -> None:
    held = event_columns([(0, [(5, 1, 0), (7, 3, 1)])])
    events = {"train": event_columns([(0, [(5, 1, 1)])]), "eval": held, "test": NOTHING}

    asked: Protocol = successive(events, True, 100, seed=1, split="eval")

    assert asked.queries.item.tolist() == [7]
    assert asked.describe(9, "exclude")["split"] == "eval"
    with pytest.raises(InputError, match=r"the test split.*split\.test_fraction"):
        successive(events, True, 100, seed=1)
