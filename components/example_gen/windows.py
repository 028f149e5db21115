"""Users' events as windows: what every target may see, each target once."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from components.example_gen.split import Cuts
from schemas.features import PAST_SPLIT, WINDOW_SPLITS


@dataclass(frozen=True)
class Windows:
    """Windows of one split over sorted events, by user and time.

    Window w holds the events [begin[w], end[w]), all of one user, oldest first. Its targets are
    those of its events that are targets and stand at first_target[w] or later; the last is one
    (in PAST_SPLIT there is none).

    Attributes:
      begin: [num_windows] int64.
      end: [num_windows] int64.
      first_target: [num_windows] int64.
      num_targets: Of all windows together.
    """

    begin: np.ndarray
    end: np.ndarray
    first_target: np.ndarray
    num_targets: int

    def __len__(self) -> int:
        return len(self.begin)


def make_windows(
    starts: np.ndarray, is_target: np.ndarray, cuts: Cuts, max_length: int
) -> dict[str, Windows]:
    """Windows of at most `max_length` + 1 events in which each target stands exactly once.

    A train target has at least half of `max_length` events before it where that many exist, an
    eval or test target all of them; windows overlap so far and no further. A train window holds
    train events only; eval and test windows begin with events of the splits before.

    Args:
      starts: [num_users + 1] int64, where each user's events begin and the last's end.
      is_target: [num_events] bool.
      cuts: Where eval and test begin.
      max_length: The longest history of a query, in events.

    Returns:
      By split; PAST_SPLIT holds, without targets, the events that stand in no other window: with
      them, the windows of all splits together are every user's whole past.
    """
    half = (max_length + 1) // 2
    begins = (starts[:-1], cuts.eval, cuts.test)
    ends = (cuts.eval, cuts.test, starts[1:])
    targets = np.flatnonzero(is_target)
    made = {}
    for split, begin, end, min_history in zip(
        WINDOW_SPLITS, begins, ends, (half, max_length, max_length), strict=True
    ):
        first, last = np.searchsorted(targets, begin), np.searchsorted(targets, end)
        made[split] = _pack(targets, first, last, starts[:-1], max_length, min_history)
    made[PAST_SPLIT] = _left_over(made.values(), starts, max_length)
    return made


def _left_over(made: Iterable[Windows], starts: np.ndarray, max_length: int) -> Windows:
    """The events in none of the windows, as windows of at most `max_length` + 1 of them."""
    num_open = np.zeros(starts[-1] + 1, np.int64)
    for windows in made:
        np.add.at(num_open, windows.begin, 1)
        np.add.at(num_open, windows.end, -1)
    left = np.flatnonzero(np.cumsum(num_open[:-1]) == 0)
    is_start = np.ones(len(left), bool)
    is_start[1:] = (np.diff(left) > 1) | np.isin(left[1:], starts)
    place = np.arange(len(left))
    in_run = place - np.maximum.accumulate(np.where(is_start, place, 0))
    begin = np.flatnonzero(in_run % (max_length + 1) == 0)
    last = np.append(begin[1:], len(left))[: len(begin)] - 1
    return Windows(left[begin], left[last] + 1, left[last] + 1, 0)


def _pack(
    targets: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    starts: np.ndarray,
    max_length: int,
    min_history: int,
) -> Windows:
    """Greedy: a window takes targets as long as its first one keeps its history.

    The window then reaches back as far as it may, so most train targets see more than they must.
    User u has the targets[first[u]:last[u]], which mostly fit into one window; only the others
    are gone through one by one.
    """
    has_targets = first < last
    first, last, starts = first[has_targets], last[has_targets], starts[has_targets]
    reach = np.maximum(starts, targets[first] - min_history) + max_length
    is_single = targets[last - 1] <= reach
    single = np.column_stack([starts, first, last])[is_single]
    several = [
        window
        for user in np.column_stack([starts, first, last])[~is_single].tolist()
        for window in _windows_of_user(targets, user, max_length, min_history)
    ]
    rows = np.concatenate([single, np.array(several, np.int64).reshape(-1, 3)])
    start, from_target, to_target = rows[np.argsort(rows[:, 1])].T
    final = targets[to_target - 1]
    return Windows(
        begin=np.maximum(start, final - max_length),
        end=final + 1,
        first_target=targets[from_target],
        num_targets=int((to_target - from_target).sum()),
    )


def _windows_of_user(
    targets: np.ndarray, user: list[int], max_length: int, min_history: int
) -> Iterator[tuple[int, int, int]]:
    """(start of the user's events, first, past the last of the window's targets).

    `user` is such a triple of all of the user's targets.
    """
    start, first, last = user
    of_user = targets[first:last].tolist()
    at = 0
    while at < len(of_user):
        reach = max(start, of_user[at] - min_history) + max_length
        following = bisect_right(of_user, reach, at)
        yield start, first + at, first + following
        at = following
