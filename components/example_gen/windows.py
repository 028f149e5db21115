"""Windows of consecutive events of a user: the training and evaluation examples."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.example_gen.split import Cuts
from schemas.features import PAST_SPLIT, WINDOW_SPLITS


@dataclass(frozen=True)
class WindowRanges:
    """The windows of one split, as ranges of indices into sorted events.

    Window w consists of the events [begin[w], end[w]) of one user, oldest first. Its targets are
    the target events from first_target[w] on; the last event of a window is a target. Windows of
    PAST_SPLIT have no targets.

    Attributes:
      begin: [num_windows] index of the first event.
      end: [num_windows] index after the last event.
      first_target: [num_windows] index of the first target.
      num_targets: Number of targets in all windows.
    """

    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    first_target: npt.NDArray[np.int64]
    num_targets: int

    def __len__(self) -> int:
        return len(self.begin)


def make_windows(
    starts: npt.NDArray[np.int64],
    is_target: npt.NDArray[np.bool_],
    cuts: Cuts,
    max_length: int,
) -> dict[str, WindowRanges]:
    """Divides the events of users into windows of at most `max_length` + 1 events.

    Each target is a target of exactly one window. It has at least `max_length` / 2 (rounded up)
    earlier events of its user in a train window, and `max_length` in an eval or test window, or all
    of them if there are fewer. Windows overlap only as much as this requires. Train windows contain
    only train events; eval and test windows begin with events of the earlier splits.

    For example, one user has six events; event 4 is in eval and event 5 in test:

    >>> windows = make_windows(
    ...     starts=np.array([0, 6]),
    ...     is_target=np.ones(6, bool),
    ...     cuts=Cuts(eval=np.array([4]), test=np.array([5])),
    ...     max_length=2,
    ... )

    All events of the first train window (0, 1, 2) are targets. Event 3 is the target of a second
    one (1, 2, 3), in which events 1 and 2 are only history:

    >>> train = windows["train"]
    >>> train.begin.tolist(), train.first_target.tolist(), train.end.tolist()
    ([0, 1], [0, 3], [3, 4])

    The test window (3, 4, 5) begins with events of train and eval:

    >>> test = windows["test"]
    >>> test.begin.tolist(), test.first_target.tolist(), test.end.tolist()
    ([3], [5], [6])

    Args:
      starts: [num_users + 1] indices of the first event of each user, and the number of events.
      is_target: [num_events] bool.
      cuts: The events at which eval and test begin.
      max_length: Maximum length of the history of a query, in events.

    Returns:
      Windows by split. PAST_SPLIT has the events that are in no other window, without targets, so
      that the windows of all splits together contain the complete history of every user.
    """
    half = (max_length + 1) // 2  # rounded up
    begins = (starts[:-1], cuts.eval, cuts.test)
    ends = (cuts.eval, cuts.test, starts[1:])
    targets = np.flatnonzero(is_target)
    windows = {}
    for split, begin, end, min_history in zip(
        WINDOW_SPLITS, begins, ends, (half, max_length, max_length), strict=True
    ):
        first, last = np.searchsorted(targets, begin), np.searchsorted(targets, end)
        windows[split] = _windows_with_targets(
            targets, first, last, starts[:-1], max_length, min_history
        )
    windows[PAST_SPLIT] = windows_of_past(starts, max_length, windows.values())
    return windows


def windows_of_past(
    starts: npt.NDArray[np.int64], max_length: int, others: Iterable[WindowRanges] = ()
) -> WindowRanges:
    """Returns windows without targets, of the events that are in none of the other windows.

    Args:
      starts: [num_users + 1] indices of the first event of each user, and the number of events.
      max_length: A window has at most `max_length` + 1 events.
      others: The other windows.
    """
    num_open = np.zeros(starts[-1] + 1, np.int64)
    for windows in others:
        np.add.at(num_open, windows.begin, 1)
        np.add.at(num_open, windows.end, -1)
    events = np.flatnonzero(np.cumsum(num_open[:-1]) == 0)
    is_run_start = np.ones(len(events), bool)
    is_run_start[1:] = (np.diff(events) > 1) | np.isin(events[1:], starts)
    index = np.arange(len(events))
    index_in_run = index - np.maximum.accumulate(np.where(is_run_start, index, 0))
    begin = np.flatnonzero(index_in_run % (max_length + 1) == 0)
    last = np.append(begin[1:], len(events))[: len(begin)] - 1
    return WindowRanges(events[begin], events[last] + 1, events[last] + 1, 0)


def _windows_with_targets(
    targets: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    max_length: int,
    min_history: int,
) -> WindowRanges:
    """Assigns the targets of one split to windows, greedily.

    A window takes targets as long as its first target keeps its minimum history. It then begins as
    early as `max_length` allows, so most train targets have more history than the minimum. Users
    whose targets fit into one window are handled together, the others one by one.

    Args:
      targets: [num_targets] indices of the target events of all splits.
      first: [num_users] index into `targets` of the first target of each user in this split.
      last: [num_users] index into `targets` after the last one.
      starts: [num_users] index of the first event of each user.
      max_length: Maximum length of a history.
      min_history: Minimum length of the history of a target, if that many events exist.
    """
    has_targets = first < last
    first, last, starts = first[has_targets], last[has_targets], starts[has_targets]
    last_event = np.maximum(starts, targets[first] - min_history) + max_length
    is_single = targets[last - 1] <= last_event
    single = np.column_stack([starts, first, last])[is_single]
    several = [
        window
        for user in np.column_stack([starts, first, last])[~is_single].tolist()
        for window in _windows_of_user(targets, user, max_length, min_history)
    ]
    rows = np.concatenate([single, np.array(several, np.int64).reshape(-1, 3)])
    start, first, last = rows[np.argsort(rows[:, 1])].T
    last_target = targets[last - 1]
    return WindowRanges(
        begin=np.maximum(start, last_target - max_length),
        end=last_target + 1,
        first_target=targets[first],
        num_targets=int((last - first).sum()),
    )


def _windows_of_user(
    targets: npt.NDArray[np.int64], user: list[int], max_length: int, min_history: int
) -> Iterator[tuple[int, int, int]]:
    """Yields (start, first, last) of each window of a user.

    `user` has the same form: `start` is the index of the user's first event, and
    `targets[first:last]` are the targets of the user, or of the window.
    """
    start, first, last = user
    user_targets = targets[first:last].tolist()
    begin = 0
    while begin < len(user_targets):
        last_event = max(start, user_targets[begin] - min_history) + max_length
        end = bisect_right(user_targets, last_event, begin)
        yield start, first + begin, first + end
        begin = end
