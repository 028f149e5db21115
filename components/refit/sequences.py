"""Puts overlapping windows of a user together, and cuts them again as windows for training.

A window of split eval or test has all of its history, so that most of its events are no target and
consecutive windows of a user overlap. A training on them would embed each event many times. The
windows for training have at least half of the history before a target, as those of split train.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from schemas.features import EVENT_TYPE, TIMESTAMP, USER_ID


@dataclass(frozen=True)
class UserSequences:
    """The events of users in order, one user after the other, each event once.

    Attributes:
      windows: The sequences, as windows with one per user.
    """

    windows: TransformedWindows

    def cut(self, max_history: int, until_s: int | None = None) -> TransformedWindows:
        """Returns windows in which each target occurs once.

        Args:
          max_history: The largest number of events before a target that the model reads. A window
            has at most one more event, and at least half as many before a target, if the sequence
            has them.
          until_s: Leaves out the targets after this time, in seconds since the epoch, UTC, and the
            events after the last remaining target.
        """
        windows = self.windows
        weight = windows.events[WEIGHT]
        if until_s is not None:
            weight = np.where(windows.events[TIMESTAMP] <= until_s, weight, np.float32(0.0))
        bounds = np.array(
            list(_bounds(windows.lengths, weight > 0, max_history)), np.int64
        ).reshape(-1, 4)
        sequence, start, end, first_target = bounds.T
        lengths = end - start
        offsets = np.cumsum(lengths) - lengths
        position = np.arange(lengths.sum()) - np.repeat(offsets, lengths)
        event = np.repeat(start, lengths) + position
        # A target before `first_target` belongs to the window before.
        is_own = event >= np.repeat(first_target, lengths)
        events = {name: values[event] for name, values in windows.events.items()}
        events[WEIGHT] = np.where(is_own, weight[event], np.float32(0.0))
        return replace(
            windows,
            lengths=lengths,
            user={name: values[sequence] for name, values in windows.user.items()},
            events=events,
        )


def user_sequences(windows: TransformedWindows) -> UserSequences:
    """Puts the windows of each user together.

    The windows of a user are slices of one sequence of events. In the order of their last events,
    the events that no earlier window has follow each other as in the sequence. An event is
    identified by its user, time, item and type, and if a window has several such events, by their
    order: events of one user, time, item and type are kept apart if there are no more of them than
    a window has before a target. An event is a target if it is a target of any window.

    Args:
      windows: Windows of any splits, unmerged; every user has an index of their own. Windows of a
        user whose first and last events have the same times are in order.
    """
    starts = np.cumsum(windows.lengths) - windows.lengths
    last_s = windows.events[TIMESTAMP][starts + windows.lengths - 1]
    first_s = windows.events[TIMESTAMP][starts]
    order = np.lexsort((first_s, last_s, windows.user[USER_ID]))
    lengths = windows.lengths[order]
    offsets = np.cumsum(lengths) - lengths
    event = np.repeat(starts[order] - offsets, lengths) + np.arange(lengths.sum())
    user = np.repeat(windows.user[USER_ID][order], lengths)
    facts = [windows.events[name][event].astype(np.int64) for name in (TIMESTAMP, ROW, EVENT_TYPE)]
    occurrence = _occurrences([np.repeat(order, lengths), *facts])
    keys = np.stack([user.astype(np.int64), *facts, occurrence], axis=1)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    weight = np.zeros(len(first), np.float32)
    np.maximum.at(weight, inverse.reshape(-1), windows.events[WEIGHT][event])
    # In the order of the first occurrences.
    kept = np.argsort(first, kind="stable")
    events = {name: values[event[first[kept]]] for name, values in windows.events.items()}
    events[WEIGHT] = weight[kept]
    users, window_of_user, counts = np.unique(
        user[first[kept]], return_index=True, return_counts=True
    )
    window = np.repeat(order, lengths)[first[kept]][window_of_user]
    return UserSequences(
        replace(
            windows,
            lengths=counts.astype(np.int64),
            user={
                name: users.astype(values.dtype) if name == USER_ID else values[window]
                for name, values in windows.user.items()
            },
            events=events,
        )
    )


def _occurrences(keys: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Returns [num_events] int64: how many earlier events have the same keys.

    Args:
      keys: Columns of [num_events] integers.
    """
    _, group = np.unique(np.stack(keys, axis=1), axis=0, return_inverse=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    sorted_group = group.reshape(-1)[order]
    is_first = np.diff(sorted_group, prepend=-1) != 0
    position = np.arange(len(order))
    occurrence = np.empty(len(order), np.int64)
    occurrence[order] = position - np.maximum.accumulate(np.where(is_first, position, 0))
    return occurrence


def _bounds(
    lengths: npt.NDArray[np.int64], is_target: npt.NDArray[np.bool_], max_history: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yields each window: the number of its sequence, its first event, its end, its first target.

    Events are numbered through all sequences.
    """
    least = (max_history + 1) // 2
    targets = np.flatnonzero(is_target)
    ends = np.cumsum(lengths)
    firsts = np.searchsorted(targets, ends - lengths)
    lasts = np.searchsorted(targets, ends)
    for sequence, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        begin, end = int(ends[sequence] - lengths[sequence]), int(ends[sequence])
        number = int(first)
        while number < last:
            target = int(targets[number])
            start = max(begin, target - least)
            stop = min(end, start + max_history + 1)
            number = int(np.searchsorted(targets, stop))
            # Events after the last target of a window have no effect.
            yield sequence, start, int(targets[number - 1]) + 1, target
