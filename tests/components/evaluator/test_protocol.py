"""Targets and seen items of small logs, checked by hand and by a naive replay of the log."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.columns import EventColumns
from components.evaluator.protocol import (
    all_future_protocol,
    first_protocol,
    last_protocol,
    successive_protocol,
    window_protocol,
)
from components.evaluator.queries import Queries
from schemas.errors import InputError
from tests.components.evaluator.logs import event_columns

NO_EVENTS = event_columns([])
# One window: (user code, [(item row, timestamp, is_target)]).
Window = tuple[int, list[tuple[int, int, int]]]


def seen_sets(queries: Queries) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(len(queries))]
    for row, item in zip(*queries.seen.pairs(slice(0, len(queries))), strict=True):
        sets[row].add(int(item))
    return sets


def splits(train: EventColumns, test: EventColumns) -> dict[str, EventColumns]:
    return {"train": train, "eval": NO_EVENTS, "test": test}


def test_seen_items_are_those_of_the_complete_history_and_not_only_of_the_window() -> None:
    train = event_columns([(0, [(5, 1, 1), (6, 2, 1)]), (1, [(9, 1, 1)])])
    held = event_columns([(0, [(7, 3, 1)])])
    test = event_columns([(0, [(7, 3, 0), (8, 4, 1), (4, 5, 1)])])

    protocol = successive_protocol({"train": train, "eval": held, "test": test}, True, 100, seed=1)
    targets = protocol.queries

    assert targets.position.tolist() == [1, 2]
    assert targets.item.tolist() == [8, 4]
    assert seen_sets(targets) == [{5, 6, 7}, {5, 6, 7, 8}]
    assert targets.num_past_events.tolist() == [3, 4]


def test_targets_on_seen_items_are_skipped_and_counted() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 3, 1), (6, 4, 1)])])

    protocol = successive_protocol(splits(train, test), True, 100, seed=1)
    targets = protocol.queries

    assert targets.item.tolist() == [6]
    assert protocol.num_repeats_skipped == 2
    assert seen_sets(targets) == [{5}]
    assert targets.num_past_events.tolist() == [2]


def test_with_repeats_allowed_every_event_is_a_target_and_no_item_is_excluded() -> None:
    train = event_columns([(0, [(5, 1, 1)])])
    test = event_columns([(0, [(5, 1, 0), (5, 2, 1), (6, 2, 1)])])

    protocol = successive_protocol(splits(train, test), False, 100, seed=1)
    targets = protocol.queries

    assert targets.item.tolist() == [5, 6]
    assert protocol.num_repeats_skipped == 0
    assert seen_sets(targets) == [set(), set()]


def test_events_of_the_same_second_are_earlier_if_they_precede_in_the_window() -> None:
    test = event_columns([(0, [(1, 7, 1), (2, 7, 1), (1, 7, 1), (3, 7, 1)])])

    protocol = successive_protocol(splits(NO_EVENTS, test), True, 100, seed=1)
    targets = protocol.queries

    assert targets.item.tolist() == [1, 2, 3]
    assert seen_sets(targets) == [set(), {1}, {1, 2}]
    assert protocol.num_repeats_skipped == 1


def test_events_of_other_users_in_the_same_second_are_not_seen() -> None:
    test = event_columns([(0, [(1, 7, 1)]), (1, [(2, 7, 1)])])

    protocol = successive_protocol(splits(NO_EVENTS, test), True, 100, seed=1)

    assert seen_sets(protocol.queries) == [set(), set()]


EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=30
)


@given(EVENTS, st.integers(1, 6))
def test_successive_matches_a_naive_replay(log: list[tuple[int, int, int]], width: int) -> None:
    """Splits a log into overlapping windows, and replays it user by user."""
    unique = sorted({(user, time): item for user, item, time in log}.items())
    train: list[Window] = []
    test: list[Window] = []
    expected = []
    for user in range(3):
        past = [(item, time) for (owner, time), item in unique if owner == user]
        for n, (item, time) in enumerate(past):
            window = [(i, t, 0) for i, t in past[max(0, n - width) : n]] + [(item, time, 1)]
            seen = {i for i, _ in past[:n]}
            (train if time < 5 else test).append((user, window))
            if time >= 5 and item not in seen:
                expected.append((user, item, seen, n))
    if not expected:
        with pytest.raises(InputError):
            successive_protocol(
                splits(event_columns(train), event_columns(test)), True, 100, seed=1
            )
        return

    protocol = successive_protocol(
        splits(event_columns(train), event_columns(test)), True, 100, seed=1
    )
    targets = protocol.queries

    result = zip(
        targets.user.tolist(),
        targets.item.tolist(),
        seen_sets(targets),
        targets.num_past_events.tolist(),
        strict=True,
    )
    assert list(result) == expected
    assert protocol.num_repeats_skipped == len(test) - len(expected)


def test_whole_users_are_sampled_if_there_are_too_many_targets() -> None:
    test = event_columns([(user, [(n, n, 1) for n in range(4)]) for user in range(50)])

    protocol = successive_protocol(splits(NO_EVENTS, test), True, 42, seed=3)
    sampled = protocol.queries

    users, counts = np.unique(sampled.user, return_counts=True)
    assert len(sampled) == 10 * 4
    assert counts.tolist() == [4] * 10
    assert seen_sets(sampled) == [set(), {0}, {0, 1}, {0, 1, 2}] * 10
    assert users.tolist() != list(range(10))
    assert np.array_equal(
        sampled.position,
        successive_protocol(splits(NO_EVENTS, test), True, 42, seed=3).queries.position,
    )
    description = protocol.describe(num_candidates=4, repeat_interactions="exclude")
    assert description["sampled"] is True
    assert (description["targets"], description["users"]) == (40, 10)
    assert description["sampled_from_users"] == 50


def test_all_queries_of_a_single_user_are_kept_above_the_maximum() -> None:
    test = event_columns([(0, [(n, n, 1) for n in range(4)])])

    assert len(successive_protocol(splits(NO_EVENTS, test), True, 2, seed=3).queries) == 4


def test_a_split_without_new_targets_raises_an_error() -> None:
    repeats = event_columns([(0, [(5, 2, 1), (5, 3, 1)])])
    train = event_columns([(0, [(5, 1, 1)])])

    with pytest.raises(InputError, match="no target event"):
        successive_protocol(splits(train, NO_EVENTS), True, 100, seed=1)
    with pytest.raises(InputError, match=r"all 2 target events.*repeat_interactions"):
        successive_protocol(splits(train, repeats), True, 100, seed=1)


def relevant_sets(queries: Queries) -> list[set[int]]:
    parts = np.split(queries.item, queries.offsets[1:-1])
    return [set(part.tolist()) for part in parts]


@pytest.fixture
def two_users() -> dict[str, EventColumns]:
    """The split is at 10. User 0 has three later targets, one on a seen item; user 1 has two."""
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
    successive = successive_protocol(two_users, True, 100, seed=1)

    first = first_protocol(successive, two_users["test"])
    last = last_protocol(successive, two_users["test"])

    assert successive.queries.item.tolist() == [8, 9, 9, 4]
    assert (first.queries.item.tolist(), last.queries.item.tolist()) == ([8, 9], [9, 4])
    assert (first.queries.user.tolist(), last.queries.user.tolist()) == ([0, 1], [0, 1])
    assert seen_sets(last.queries) == [{5, 6, 7, 8}, {5, 9}]
    assert (first.name, last.name) == ("first", "last")
    assert not first.describe(9, "exclude")["sampled"]
    assert not last.describe(9, "exclude")["sampled"]


def test_all_future_has_one_query_per_user_at_the_split_with_all_later_items(
    two_users: dict[str, EventColumns],
) -> None:
    protocol = all_future_protocol(
        successive_protocol(two_users, True, 100, seed=1), two_users, True
    )

    queries = protocol.queries
    assert queries.user.tolist() == [0, 1]
    assert relevant_sets(queries) == [{8, 9}, {9, 4}]
    assert protocol.num_repeats_skipped == 1
    assert queries.time_s is not None
    assert queries.time_s.tolist() == [10, 10]
    # User 0's history ends before the view of item 7, which is after the split.
    assert queries.position.tolist() == [2, 9]
    assert seen_sets(queries) == [{5, 6}, {5}]
    assert queries.num_past_events.tolist() == [2, 1]
    assert protocol.describe(9, "exclude")["targets"] == 4


def test_all_future_with_repeats_allowed(two_users: dict[str, EventColumns]) -> None:
    protocol = all_future_protocol(
        successive_protocol(two_users, False, 100, seed=1), two_users, False
    )

    assert relevant_sets(protocol.queries) == [{6, 8, 9}, {9, 4}]
    assert seen_sets(protocol.queries) == [set(), set()]
    assert protocol.num_repeats_skipped == 0


def test_all_future_has_queries_of_the_sampled_users(two_users: dict[str, EventColumns]) -> None:
    sampled = successive_protocol(two_users, True, 2, seed=1)

    all_future = all_future_protocol(sampled, two_users, True)

    assert sampled.queries.num_users == 1
    assert all_future.queries.user.tolist() == np.unique(sampled.queries.user).tolist()
    for protocol in (
        all_future,
        first_protocol(sampled, two_users["test"]),
        last_protocol(sampled, two_users["test"]),
    ):
        description = protocol.describe(9, "exclude")
        assert (description["sampled"], description["sampled_from_users"]) == (True, 2)


def test_items_seen_only_after_the_split_are_relevant_for_all_future() -> None:
    """Targets are purchases; user 1 views item 4 after the split and then buys it."""
    train = event_columns([(0, [(5, 1, 1)]), (1, [(5, 1, 1)])])
    test = event_columns([(0, [(6, 10, 1)]), (1, [(4, 11, 0), (4, 12, 1)])])
    events = splits(train, test)

    successive = successive_protocol(events, True, 100, seed=1)

    assert successive.queries.user.tolist() == [0]
    assert all_future_protocol(successive, events, True).queries.user.tolist() == [0, 1]


def test_different_events_of_the_same_second_and_item_are_counted_separately() -> None:
    """A view and a click, which both occur again in the next window."""
    train = event_columns([(0, [(5, 1, 0), (5, 1, 1)]), (0, [(5, 1, 0), (5, 1, 0), (6, 2, 1)])])
    test = event_columns([(0, [(6, 2, 0), (7, 10, 1)])])

    protocol = successive_protocol(splits(train, test), True, 100, seed=1)

    assert protocol.queries.num_past_events.tolist() == [3]
    assert seen_sets(protocol.queries) == [{5, 6}]


@given(EVENTS, st.integers(1, 6), st.booleans())
def test_all_future_matches_a_naive_replay(
    log: list[tuple[int, int, int]], width: int, exclude_seen: bool
) -> None:
    unique = sorted({(user, time): item for user, item, time in log}.items())
    train: list[Window] = []
    test: list[Window] = []
    expected: list[tuple[int, set[int], set[int], int]] = []
    instants = [time for (_, time), _ in unique if time >= 5]
    for user in range(3):
        past = [(item, time) for (owner, time), item in unique if owner == user]
        for n, (item, time) in enumerate(past):
            window = [(i, t, 0) for i, t in past[max(0, n - width) : n]] + [(item, time, 1)]
            (train if time < 5 else test).append((user, window))
        seen = {i for i, t in past if t < 5}
        future = {i for i, t in past if t >= 5} - (seen if exclude_seen else set())
        if future:
            excluded: set[int] = seen if exclude_seen else set()
            expected.append((user, future, excluded, sum(t < 5 for _, t in past)))
    events = splits(event_columns(train), event_columns(test))
    if not expected:
        with pytest.raises(InputError):
            successive_protocol(events, exclude_seen, 100, seed=1)
        return

    successive = successive_protocol(events, exclude_seen, 100, seed=1)
    queries = all_future_protocol(successive, events, exclude_seen).queries

    result = zip(
        queries.user.tolist(),
        relevant_sets(queries),
        seen_sets(queries),
        queries.num_past_events.tolist(),
        strict=True,
    )
    assert list(result) == expected
    assert queries.time_s is not None
    assert set(queries.time_s.tolist()) == {min(instants)}
    assert (events["test"].timestamp[queries.position] >= min(instants)).all()


def test_protocols_of_another_split() -> None:
    held = event_columns([(0, [(5, 1, 0), (7, 3, 1)])])
    events = {"train": event_columns([(0, [(5, 1, 1)])]), "eval": held, "test": NO_EVENTS}

    protocol = successive_protocol(events, True, 100, seed=1, split="eval")

    assert protocol.queries.item.tolist() == [7]
    assert protocol.describe(9, "exclude")["split"] == "eval"
    with pytest.raises(InputError, match=r"the test split.*split\.test_fraction"):
        successive_protocol(events, True, 100, seed=1)


def test_the_window_protocol_excludes_the_history_of_a_request() -> None:
    train = event_columns([(0, [(5, 1, 1), (6, 2, 1), (7, 3, 1)])])
    test = event_columns([(0, [(6, 2, 0), (7, 3, 0), (8, 4, 1), (4, 5, 1)])])
    successive = successive_protocol(splits(train, test), True, 100, seed=1)

    window = window_protocol(successive, test, max_history=2, exclude_seen=True)

    assert window is not None
    assert seen_sets(window.queries) == [{6, 7}, {7, 8}]
    assert window.queries.item.tolist() == successive.queries.item.tolist()
    assert window.describe(9, "exclude")["queries_with_items_before_the_window"] == 2
    assert "queries_with_items_before_the_window" not in successive.describe(9, "exclude")


def test_the_window_protocol_with_negative_feedback_and_repeats_allowed() -> None:
    """Item 5 was disliked before the window; item 6 was disliked in it, and item 7 liked later."""
    train = event_columns([(0, [(5, 1, -1), (6, 2, 1)])], has_negatives=True)
    test = event_columns([(0, [(6, 3, -1), (7, 4, -1), (7, 5, 0), (8, 6, 1)])], has_negatives=True)
    successive = successive_protocol(splits(train, test), False, 100, seed=1)

    window = window_protocol(successive, test, max_history=3, exclude_seen=False)

    assert seen_sets(successive.queries) == [{5, 6}]
    assert window is not None
    assert seen_sets(window.queries) == [{6}]


@given(EVENTS, st.integers(1, 6), st.integers(1, 6))
def test_window_protocols_match_a_naive_replay(
    log: list[tuple[int, int, int]], width: int, max_history: int
) -> None:
    unique = sorted({(user, time): item for user, item, time in log}.items())
    test: list[Window] = []
    expected: list[tuple[set[int], set[int]]] = []
    for user in range(3):
        past = [(item, time) for (owner, time), item in unique if owner == user]
        for n, (item, time) in enumerate(past):
            window = past[max(0, n - width) : n]
            test.append((user, [(i, t, 0) for i, t in window] + [(item, time, 1)]))
            seen = {i for i, _ in past[:n]}
            if item not in seen:
                expected.append((seen, {i for i, _ in window[-max_history:]}))
    events = event_columns(test)
    successive = successive_protocol({"test": events}, True, 100, seed=1)

    protocol = window_protocol(successive, events, max_history, True)

    assert seen_sets(successive.queries) == [seen for seen, _ in expected]
    num_incomplete = sum(seen > shown for seen, shown in expected)
    if not num_incomplete:
        assert protocol is None
        return
    assert protocol is not None
    assert protocol.num_incomplete == num_incomplete
    assert seen_sets(protocol.queries) == [shown for _, shown in expected]
