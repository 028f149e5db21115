"""Items excluded by negative feedback equal a naive replay of the log, user by user."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluator.columns import EventColumns
from components.evaluator.history import Timeline
from components.evaluator.later_negatives import later_negatives
from components.evaluator.negative_history import NegativeFeedback
from components.evaluator.protocol import all_future_protocol, successive_protocol
from components.evaluator.queries import Queries
from schemas.errors import InputError
from tests.components.evaluator.logs import event_columns

SPLIT_S = 5
# (user, item, second, is_target: -1 for negative feedback); several events may have one second.
EVENTS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 9), st.sampled_from([-1, 0, 1])),
    min_size=1,
    max_size=25,
)
Event = tuple[int, int, int]


def windows_of(
    log: Sequence[tuple[int, int, int, int]], width: int
) -> tuple[dict[str, EventColumns], dict[int, list[Event]]]:
    """Splits a log into overlapping windows that end at their only target; returns the users, too.

    All other events are in windows of split `past`.
    """
    users: dict[int, list[Event]] = {}
    for user, item, second, flag in sorted(log, key=lambda event: (event[0], event[2])):
        users.setdefault(user, []).append((item, second, flag))
    splits: dict[str, list[tuple[int, list[Event]]]] = {"train": [], "test": [], "past": []}
    for user, events in users.items():
        for n, (item, second, flag) in enumerate(events):
            history = [(i, s, min(f, 0)) for i, s, f in events[max(0, n - width) : n]]
            if flag > 0:
                split = "train" if second < SPLIT_S else "test"
                splits[split].append((user, [*history, (item, second, 1)]))
        splits["past"].append((user, [(i, s, min(f, 0)) for i, s, f in events]))
    columns = {name: event_columns(parts, True) for name, parts in splits.items()}
    return {**columns, "eval": event_columns([], True)}, users


def disliked(events: Sequence[Event]) -> set[int]:
    last = {item: flag for item, _, flag in events}
    return {item for item, flag in last.items() if flag < 0}


def excluded(queries: Queries) -> list[set[int]]:
    sets: list[set[int]] = [set() for _ in range(len(queries))]
    for row, item in zip(*queries.seen.pairs(slice(0, len(queries))), strict=True):
        sets[row].add(int(item))
    return sets


@given(EVENTS, st.integers(1, 6), st.booleans())
@settings(deadline=None)
def test_protocols_match_a_naive_replay(
    log: list[tuple[int, int, int, int]], width: int, exclude_seen: bool
) -> None:
    # One event per user, second and item, so that copies in several windows are one event.
    log = list({(u, i, s): (u, i, s, f) for u, i, s, f in log}.values())
    splits, users = windows_of(log, width)
    expected, skipped, num_disliked = [], 0, 0
    for user, events in sorted(users.items()):
        for n, (item, second, flag) in enumerate(events):
            if flag <= 0 or second < SPLIT_S:
                continue
            before = events[max(0, n - width) : n]
            # Within the second of a query, only the events of its window are known to be earlier.
            past = [e for e in events[:n] if e[1] < second] + [e for e in before if e[1] == second]
            hidden = {i for i, _, _ in past} if exclude_seen else disliked(past)
            num_disliked += item in disliked(past)
            if item in hidden:
                skipped += 1
            else:
                expected.append((user, item, hidden))
    if not expected:
        with pytest.raises(InputError):
            successive_protocol(splits, exclude_seen, 100, seed=1)
        return

    protocol = successive_protocol(splits, exclude_seen, 100, seed=1)

    queries = protocol.queries
    found = zip(queries.user.tolist(), queries.item.tolist(), excluded(queries), strict=True)
    assert list(found) == expected
    assert protocol.num_repeats_skipped == skipped
    described = protocol.describe(9, "allow")
    assert described["negative_targets_skipped"] == num_disliked
    future = all_future_protocol(protocol, splits, exclude_seen).queries
    assert future.time_s is not None
    for user, hidden in zip(future.user.tolist(), excluded(future), strict=True):
        past = [event for event in users[user] if event[1] < future.time_s[0]]
        assert hidden == ({i for i, _, _ in past} if exclude_seen else disliked(past))


@given(EVENTS, st.integers(1, 6))
@settings(deadline=None)
def test_later_negatives_are_those_of_later_seconds(
    log: list[tuple[int, int, int, int]], width: int
) -> None:
    log = list({(u, i, s): (u, i, s, f) for u, i, s, f in log}.values())
    splits, users = windows_of(log, width)
    try:
        queries = successive_protocol(splits, True, 100, seed=1).queries
    except InputError:
        return
    expected = []
    for user, position, hidden in zip(
        queries.user.tolist(), queries.position.tolist(), excluded(queries), strict=True
    ):
        second = splits["test"].timestamp[position]
        later = {i for i, s, flag in users[user] if flag < 0 and s > second} - hidden
        if later:
            expected.append((position, later))

    found = later_negatives(queries, splits)

    if found is None:
        assert not expected
        return
    items = [set(part.tolist()) for part in np.split(found.item, found.offsets[1:-1])]
    assert list(zip(found.position.tolist(), items, strict=True)) == expected


def test_a_log_without_the_role_has_no_negative_feedback() -> None:
    timeline = Timeline.from_splits([event_columns([(0, [(1, 2, 1)])])])
    assert NegativeFeedback.of(timeline) is None
