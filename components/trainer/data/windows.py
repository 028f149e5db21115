"""Transformed windows as flat columns without padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from schemas.features import MISSING_INTEGER, TIMESTAMP

# Columns that the trainer adds to the transformed ones; with a dot, which no key of a feature has.
ROW = "trainer.row"
WEIGHT = "trainer.weight"

# Events that are processed at a time, which bounds the memory where columns are in files.
_EVENTS_PER_CHUNK = 1 << 20


class TargetEvents(NamedTuple):
    """The targets of windows, in order.

    Attributes:
      rows: [num_targets] int32 rows of the candidate table.
      time_s: [num_targets] int64 seconds since the epoch, UTC.
      positions: [num_targets] int32: the number of events before the target in its window.
    """

    rows: npt.NDArray[np.int32]
    time_s: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int32]


@dataclass(frozen=True)
class TransformedWindows:
    """Windows as flat columns: the events of all windows, one window after the other.

    Indices are int32. The columns of large splits are memory-mapped files (`ColumnStore`): select
    windows or iterate over `chunks`, rather than compute with whole columns.

    Attributes:
      lengths: [num_windows] int64 numbers of events.
      user: User id and user features, [num_windows] each.
      events: [num_events] each: ROW of the candidate table, WEIGHT as a target (0 for an event
        that is no target), `timestamp` in seconds since the epoch, event type, value and context.
      padding: The value of padding, by event column.
      repeat_targets: The number of targets that were left out because their item, with their
        history, is not recommended.
      last_event_s: The time of the last event of the split, whether or not its window was left
        out, seconds since the epoch, UTC; -1 if there is no event.
    """

    lengths: npt.NDArray[np.int64]
    user: dict[str, npt.NDArray[Any]]
    events: dict[str, npt.NDArray[Any]]
    padding: dict[str, int | float]
    repeat_targets: int = 0
    last_event_s: int = MISSING_INTEGER

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def num_targets(self) -> int:
        """The number of events that are targets."""
        return int(np.count_nonzero(self.events[WEIGHT]))

    def chunks(self) -> Iterator["TransformedWindows"]:
        """Yields consecutive windows with about a million events at a time, without copies."""
        ends = np.cumsum(self.lengths)
        first = 0
        while first < len(self):
            start = ends[first] - self.lengths[first]
            limit = np.searchsorted(ends, start + _EVENTS_PER_CHUNK, side="right")
            last = max(first + 1, int(limit))
            yield replace(
                self,
                lengths=self.lengths[first:last],
                user={name: values[first:last] for name, values in self.user.items()},
                events={
                    name: values[start : ends[last - 1]] for name, values in self.events.items()
                },
            )
            first = last

    def targets(self) -> TargetEvents:
        """Returns the targets, which take 16 bytes each."""
        of_chunks = [_targets(chunk) for chunk in self.chunks()]
        if not of_chunks:
            return _targets(self)
        return TargetEvents(*map(np.concatenate, zip(*of_chunks, strict=True)))

    def selected(self, windows: npt.NDArray[np.int64]) -> "TransformedWindows":
        """Returns the windows with the given indices, [num_selected] int64."""
        lengths = self.lengths[windows]
        starts = (np.cumsum(self.lengths) - self.lengths)[windows]
        event = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        event += np.arange(len(event))
        return replace(
            self,
            lengths=lengths,
            user={name: values[windows] for name, values in self.user.items()},
            events={name: values[event] for name, values in self.events.items()},
        )


def _targets(windows: TransformedWindows) -> TargetEvents:
    event = np.flatnonzero(windows.events[WEIGHT])
    starts = np.cumsum(windows.lengths) - windows.lengths
    positions = event - np.repeat(starts, windows.lengths)[event]
    return TargetEvents(
        windows.events[ROW][event], windows.events[TIMESTAMP][event], positions.astype(np.int32)
    )


def with_targets(windows: TransformedWindows, max_targets: int | None = None) -> TransformedWindows:
    """Leaves out windows without a target, which have no effect on loss and metrics.

    Args:
      windows: The windows of a split.
      max_targets: Keeps at most this number of targets, evenly spread over the split; None keeps
        all.
    """
    targets = np.flatnonzero(windows.events[WEIGHT])
    if max_targets is not None and len(targets) > max_targets:
        spread = np.linspace(0, len(targets) - 1, max_targets).round().astype(np.int64)
        targets = targets[spread]
    ends = np.cumsum(windows.lengths)
    window, num_targets = np.unique(
        np.searchsorted(ends, targets, side="right"), return_counts=True
    )
    selected = windows.selected(window)
    # The index of each target among the events of the selected windows.
    shift = np.cumsum(selected.lengths) - ends[window]
    is_target = np.zeros(selected.lengths.sum(), bool)
    is_target[targets + np.repeat(shift, num_targets)] = True
    weight = np.where(is_target, selected.events[WEIGHT], np.float32(0.0))
    return replace(selected, events={**selected.events, WEIGHT: weight})


def first_targets(windows: TransformedWindows) -> TransformedWindows:
    """Returns a window of one event for each window whose first event is a target.

    These are the first events of users without a history.
    """
    starts = np.cumsum(windows.lengths) - windows.lengths
    is_target = windows.events[WEIGHT][starts] > 0
    return replace(
        windows,
        lengths=np.ones(np.count_nonzero(is_target), np.int64),
        user={name: values[is_target] for name, values in windows.user.items()},
        events={name: values[starts[is_target]] for name, values in windows.events.items()},
    )


def joined(parts: Sequence[TransformedWindows]) -> TransformedWindows:
    """Returns the windows of several splits, one split after the other; at least one is given."""
    first = parts[0]
    return replace(
        first,
        lengths=np.concatenate([part.lengths for part in parts]),
        user={name: np.concatenate([part.user[name] for part in parts]) for name in first.user},
        events={
            name: np.concatenate([part.events[name] for part in parts]) for name in first.events
        },
        repeat_targets=sum(part.repeat_targets for part in parts),
    )
