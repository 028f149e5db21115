"""Windows of one sequence of events, put together and cut again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.refit.sequences import user_sequences
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from schemas.features import EVENT_TYPE, TIMESTAMP, USER_ID

MAX_HISTORY = 6
# The number of an event among those of its user.
POSITION = "position"


@dataclass(frozen=True)
class User:
    """The events of a user; the targets are those from `first_target`."""

    time_s: npt.NDArray[np.int64]
    row: npt.NDArray[np.int32]
    first_target: int


@st.composite
def users(draw: st.DrawFn) -> User:
    size = draw(st.integers(1, 25))
    gaps = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    # Few items, so that a user has several events of one item at one time, but fewer than the
    # history of a window.
    rows = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    time_s = np.cumsum(gaps) + np.arange(size) // (MAX_HISTORY // 2)
    return User(time_s, np.array(rows, np.int32), draw(st.integers(0, size - 1)))


def windows_with_all_history(log: list[User]) -> TransformedWindows:
    """Cuts windows with at most two targets and all of their history, as ingestion does."""
    parts = []
    for number, user in enumerate(log):
        for start in range(user.first_target, len(user.row), 2):
            begin, end = max(0, start - MAX_HISTORY), min(start + 2, len(user.row))
            weight = (np.arange(begin, end) >= start).astype(np.float32)
            position = np.arange(begin, end)
            parts.append((number, user.time_s[begin:end], user.row[begin:end], weight, position))
    # The windows of a user are in order; those of different users are mixed.
    parts.sort(key=lambda part: (part[4][0], part[0]))
    number, time_s, row, weight, position = zip(*parts, strict=True)
    return TransformedWindows(
        lengths=np.array([len(part) for part in row]),
        user={USER_ID: np.array(number, np.int32)},
        events={
            ROW: np.concatenate(row),
            WEIGHT: np.concatenate(weight),
            TIMESTAMP: np.concatenate(time_s),
            EVENT_TYPE: np.zeros(sum(map(len, row)), np.int32),
            POSITION: np.concatenate(position),
        },
        padding={ROW: -1, WEIGHT: 0.0, TIMESTAMP: -1, EVENT_TYPE: 0, POSITION: -1},
    )


@given(st.lists(users(), min_size=1, max_size=4))
def test_sequences_have_each_event_once_and_in_order(log: list[User]) -> None:
    sequences = user_sequences(windows_with_all_history(log)).windows

    assert sequences.user[USER_ID].tolist() == list(range(len(log)))
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    for user, start, length in zip(log, starts, sequences.lengths, strict=True):
        first = max(0, user.first_target - MAX_HISTORY)
        part = slice(start, start + length)
        assert sequences.events[POSITION][part].tolist() == list(range(first, len(user.row)))
        assert sequences.events[ROW][part].tolist() == user.row[first:].tolist()
        assert sequences.events[TIMESTAMP][part].tolist() == user.time_s[first:].tolist()
        is_target = np.arange(first, len(user.row)) >= user.first_target
        assert (sequences.events[WEIGHT][part] > 0).tolist() == is_target.tolist()


@given(st.lists(users(), min_size=1, max_size=4), st.none() | st.integers(0, 40))
def test_cut_windows_have_each_target_once_with_half_of_the_history(
    log: list[User], until_s: int | None
) -> None:
    cut = user_sequences(windows_with_all_history(log)).cut(MAX_HISTORY, until_s)

    found = []
    starts = np.cumsum(cut.lengths) - cut.lengths
    for number, start, length in zip(cut.user[USER_ID], starts, cut.lengths, strict=True):
        positions = cut.events[POSITION][start : start + length]
        targets = np.flatnonzero(cut.events[WEIGHT][start : start + length])
        assert length <= MAX_HISTORY + 1
        assert np.array_equal(positions, positions[0] + np.arange(length))  # without gaps
        assert targets[-1] == length - 1
        known = positions[targets[0]] - max(0, log[number].first_target - MAX_HISTORY)
        assert targets[0] >= min(MAX_HISTORY // 2, known)
        found += [(int(number), int(positions[target])) for target in targets]
    expected = [
        (number, position)
        for number, user in enumerate(log)
        for position, time_s in enumerate(user.time_s)
        if position >= user.first_target and (until_s is None or time_s <= until_s)
    ]
    assert sorted(found) == expected


def test_without_a_target_there_is_no_window() -> None:
    log = [User(np.array([5, 6]), np.array([0, 1], np.int32), 0)]

    cut = user_sequences(windows_with_all_history(log)).cut(MAX_HISTORY, until_s=4)

    assert len(cut) == 0
    assert cut.num_targets == 0


@pytest.mark.parametrize("num_users", [1, 7])
def test_user_features_follow_their_user(num_users: int) -> None:
    log = [User(np.arange(5), np.arange(5, dtype=np.int32), 2) for _ in range(num_users)]
    windows = windows_with_all_history(log)
    windows.user["user.age"] = windows.user[USER_ID] * 10

    cut = user_sequences(windows).cut(MAX_HISTORY)

    assert cut.user["user.age"].tolist() == (cut.user[USER_ID] * 10).tolist()
