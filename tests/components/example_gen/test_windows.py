"""Tests of the guarantees of windows, for any targets, cuts and lengths."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.split import Cuts
from components.example_gen.windows import make_windows
from schemas.features import PAST_SPLIT

SPLITS = ("train", "eval", "test")


class Case(NamedTuple):
    """The input of `make_windows`.

    Attributes:
      starts: The first event of each user, and the number of events.
      flags: Whether each event is a target.
      cuts: The first eval event and the first test event of each user.
      max_length: The maximum length of a history.
    """

    starts: list[int]
    flags: list[bool]
    cuts: list[tuple[int, int]]
    max_length: int


class Window(NamedTuple):
    """One window, with the indices of its targets."""

    split: str
    begin: int
    end: int
    targets: tuple[int, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lengths = draw(st.lists(st.integers(1, 40), max_size=4))
    starts = [0, *np.cumsum(lengths).tolist()]
    flags = draw(st.lists(st.booleans(), min_size=starts[-1], max_size=starts[-1]))
    cuts = []
    for begin, end in pairwise(starts):
        first, second = sorted(draw(st.tuples(*[st.integers(begin, end)] * 2)))
        cuts.append((first, second))
    return Case(starts, flags, cuts, draw(st.integers(2, 12)))


def one_user(flags: list[bool], cuts: tuple[int, int], max_length: int) -> Case:
    return Case([0, len(flags)], flags, [cuts], max_length)


def windows_of(case: Case) -> list[Window]:
    """Returns the windows that have targets."""
    return [window for window in all_windows(case) if window.split != PAST_SPLIT]


def all_windows(case: Case) -> list[Window]:
    cuts = np.array(case.cuts, np.int64).reshape(-1, 2).T
    windows_by_split = make_windows(
        np.array(case.starts), np.array(case.flags, bool), Cuts(*cuts), case.max_length
    )
    result = []
    for split, windows in windows_by_split.items():
        bounds = zip(windows.begin, windows.end, windows.first_target, strict=True)
        split_windows = [
            Window(split, begin, end, tuple(at for at in range(first, end) if case.flags[at]))
            for begin, end, first in bounds
        ]
        assert sum(len(window.targets) for window in split_windows) == windows.num_targets
        result += split_windows
    return result


def slices(case: Case) -> list[tuple[str, range, int]]:
    """Returns (split, indices of the events, start of the user) for every user and split."""
    return [
        (split, range(begin, end), start)
        for (start, stop), (first, second) in zip(pairwise(case.starts), case.cuts, strict=True)
        for split, begin, end in zip(
            SPLITS, (start, first, second), (first, second, stop), strict=True
        )
    ]


def user_start(case: Case, event: int) -> int:
    """Returns the index of the first event of the event's user."""
    return max(start for start in case.starts if start <= event)


@given(cases())
def test_every_target_is_in_exactly_one_window_of_its_split(case: Case) -> None:
    windows = windows_of(case)
    for split in SPLITS:
        seen = [at for window in windows if window.split == split for at in window.targets]
        positions = [at for of, within, _ in slices(case) if of == split for at in within]
        assert seen == [at for at in positions if case.flags[at]]


@given(cases())
def test_windows_have_a_maximum_length_and_end_with_a_target(case: Case) -> None:
    for window in windows_of(case):
        assert 0 <= window.begin < window.end <= window.begin + case.max_length + 1
        assert window.targets[-1] == window.end - 1
        assert window.begin <= window.targets[0]


@given(cases())
def test_a_window_has_events_of_one_user(case: Case) -> None:
    for window in windows_of(case):
        assert user_start(case, window.begin) == user_start(case, window.end - 1)


@given(cases())
def test_targets_have_their_minimum_history(case: Case) -> None:
    for window in windows_of(case):
        min_history = -(-case.max_length // 2) if window.split == "train" else case.max_length
        for target in window.targets:
            assert target - window.begin >= min(target - user_start(case, target), min_history)


@given(cases())
def test_windows_have_no_events_of_later_splits(case: Case) -> None:
    split_of = {at: split for split, within, _ in slices(case) for at in within}
    for window in windows_of(case):
        assert split_of[window.end - 1] == window.split


def test_eval_targets_share_a_window_only_with_short_histories() -> None:
    # 4 train events, 4 eval events and histories of up to 5 events: targets 4 and 5 share a window.
    assert windows_of(one_user([True] * 8, (4, 8), 5)) == [
        Window("train", 0, 4, (0, 1, 2, 3)),
        Window("eval", 0, 6, (4, 5)),
        Window("eval", 1, 7, (6,)),
        Window("eval", 2, 8, (7,)),
    ]


def test_train_windows_overlap_by_half_a_history() -> None:
    windows = windows_of(one_user([True] * 12, (12, 12), 4))
    assert [(window.begin, window.end) for window in windows] == [(0, 5), (3, 8), (6, 11), (7, 12)]
    assert [len(window.targets) for window in windows] == [5, 3, 3, 1]


def test_one_event_is_one_window() -> None:
    assert windows_of(one_user([True], (1, 1), 2)) == [Window("train", 0, 1, (0,))]


def test_events_after_the_last_target_are_in_no_window_with_targets() -> None:
    assert windows_of(one_user([False, True, False], (3, 3), 2)) == [Window("train", 0, 2, (1,))]


@given(cases())
def test_all_windows_together_contain_every_event_and_the_past_split_once(case: Case) -> None:
    windows = all_windows(case)

    with_targets = {at for w in windows if w.split != PAST_SPLIT for at in range(w.begin, w.end)}
    past = [at for w in windows if w.split == PAST_SPLIT for at in range(w.begin, w.end)]
    assert sorted([*with_targets, *past]) == list(range(case.starts[-1]))
    for window in windows:
        if window.split == PAST_SPLIT:
            assert window.targets == ()
            assert 0 < window.end - window.begin <= case.max_length + 1
            assert user_start(case, window.begin) == user_start(case, window.end - 1)


def test_events_far_from_any_target_are_in_the_past_split() -> None:
    flags = [True, *[False] * 7, True, False]

    windows = all_windows(one_user(flags, (8, 8), max_length=2))

    assert [w for w in windows if w.split == PAST_SPLIT] == [
        (PAST_SPLIT, 1, 4, ()), (PAST_SPLIT, 4, 6, ()), (PAST_SPLIT, 9, 10, ()),
    ]  # fmt: skip
