"""Windows of a user's events: the guarantees of the design, for any targets, cuts and lengths."""

from hypothesis import given
from hypothesis import strategies as st

from components.example_gen.split import Cuts
from components.example_gen.windows import Window, user_windows

SPLITS = ("train", "eval", "test")


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[bool], Cuts, int]:
    flags = draw(st.lists(st.booleans(), max_size=60))
    first, second = sorted(draw(st.tuples(*[st.integers(0, len(flags))] * 2)))
    return flags, Cuts(first, second), draw(st.integers(2, 12))


def slices(cuts: Cuts, num_events: int) -> dict[str, range]:
    return {
        "train": range(cuts.eval),
        "eval": range(cuts.eval, cuts.test),
        "test": range(cuts.test, num_events),
    }


@given(cases())
def test_every_target_stands_in_one_window_of_its_own_split(case):
    flags, cuts, max_length = case
    windows = list(user_windows(flags, cuts, max_length))
    for split, positions in slices(cuts, len(flags)).items():
        seen = [at for window in windows if window.split == split for at in window.targets]
        assert seen == [at for at in positions if flags[at]]


@given(cases())
def test_windows_are_bounded_and_end_with_a_target(case):
    flags, cuts, max_length = case
    for window in user_windows(flags, cuts, max_length):
        assert 0 <= window.begin < window.end <= window.begin + max_length + 1
        assert window.targets[-1] == window.end - 1
        assert window.begin <= window.targets[0]


@given(cases())
def test_targets_see_the_history_they_must(case):
    flags, cuts, max_length = case
    for window in user_windows(flags, cuts, max_length):
        least = -(-max_length // 2) if window.split == "train" else max_length
        for target in window.targets:
            assert target - window.begin >= min(target, least)


@given(cases())
def test_no_window_reaches_into_a_later_split(case):
    flags, cuts, max_length = case
    ends = {"train": cuts.eval, "eval": cuts.test, "test": len(flags)}
    for window in user_windows(flags, cuts, max_length):
        assert window.end <= ends[window.split]


def test_long_eval_histories_take_a_window_each_and_short_ones_share():
    # 4 train events, then 4 eval events, histories of up to 5: targets 4 and 5 share a window.
    windows = list(user_windows([True] * 8, Cuts(4, 8), 5))
    assert windows == [
        Window("train", 0, 4, (0, 1, 2, 3)),
        Window("eval", 0, 6, (4, 5)),
        Window("eval", 1, 7, (6,)),
        Window("eval", 2, 8, (7,)),
    ]


def test_train_windows_overlap_by_half_a_history():
    windows = list(user_windows([True] * 12, Cuts(12, 12), 4))
    assert [(window.begin, window.end) for window in windows] == [(0, 5), (3, 8), (6, 11), (7, 12)]
    assert [len(window.targets) for window in windows] == [5, 3, 3, 1]


def test_one_event_is_one_window():
    assert list(user_windows([True], Cuts(1, 1), 2)) == [Window("train", 0, 1, (0,))]


def test_history_after_the_last_target_is_left_out():
    (window,) = user_windows([False, True, False], Cuts(3, 3), 2)
    assert window == Window("train", 0, 2, (1,))
