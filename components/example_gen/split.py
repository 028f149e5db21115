"""Where train, eval and test begin: in time for everyone, or per user (leave-one-out)."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.sorted_events import SortedEvents
from components.records.fields import FieldError, timestamp_parser
from schemas.data_settings import SplitSettings
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, WINDOW_SPLITS
from schemas.settings import DataSettings

# Fewer targets than this leave nothing to learn from: all of a user's events stay in train.
_MIN_TARGETS_TO_LEAVE_OUT = 3


@dataclass(frozen=True)
class Boundaries:
    """train < eval_start_us <= eval < test_start_us <= test, microseconds since the epoch."""

    eval_start_us: int
    test_start_us: int


@dataclass(frozen=True)
class Cuts:
    """Where the splits of each user's events begin, as indices into sorted events.

    Attributes:
      eval: [num_users] int64: train is [start, eval).
      test: [num_users] int64: eval is [eval, test), test [test, the next user's start).
    """

    eval: np.ndarray
    test: np.ndarray


def configured_boundaries(settings: SplitSettings) -> Boundaries | None:
    """The boundaries given as instants, or None where fractions (or users) decide.

    Raises:
      InputError: One is given without the other, is no instant, or they are out of order.
    """
    if settings.policy == "leave_one_out" or not (settings.eval_start or settings.test_start):
        return None
    if not (settings.eval_start and settings.test_start):
        raise InputError("split: give both eval_start and test_start, or neither")
    eval_us = instant_us("split.eval_start", settings.eval_start)
    test_us = instant_us("split.test_start", settings.test_start)
    if eval_us >= test_us:
        raise InputError(
            f"split: eval_start {settings.eval_start} must be earlier than "
            f"test_start {settings.test_start}"
        )
    return Boundaries(eval_us, test_us)


def instant_us(key: str, text: str) -> int:
    """An instant of the configuration, microseconds since the epoch, UTC.

    Raises:
      InputError: It is no ISO 8601 time; the message names `key`.
    """
    try:
        return timestamp_parser("iso8601")(text)
    except FieldError as error:
        raise InputError(f"{key}: {error.detail}") from None


def quantile_boundaries(
    timestamps_us: np.ndarray, eval_fraction: float, test_fraction: float
) -> Boundaries | None:
    """Boundaries such that the last fractions of the events come at or after them, exactly.

    Each split takes at least one event. Events of equal time stay together, so a split can be
    larger than its fraction; where those of the first time reach into eval, they are train, and
    eval and test share the others.

    Args:
      timestamps_us: [num_events] int64, in any order.
      eval_fraction: Share of the events in eval.
      test_fraction: Share of the events in test.

    Returns:
      None where fewer than three distinct times exist.
    """
    times = np.sort(timestamps_us)
    num_test = max(1, round(len(times) * test_fraction))
    num_eval = max(1, round(len(times) * eval_fraction))
    test_at = _begin_of_ties(times, len(times) - num_test)
    eval_at = _begin_of_ties(times, min(test_at - 1, len(times) - num_test - num_eval))
    if eval_at <= 0:
        return _after_first_time(times, eval_fraction / (eval_fraction + test_fraction))
    return Boundaries(int(times[eval_at]), int(times[test_at]))


def _after_first_time(times: np.ndarray, eval_share: float) -> Boundaries | None:
    """Train is the first of the sorted times; of the later ones eval takes about its share."""
    later = times[times > times[:1]]
    test_times = later[later > later[:1]]
    if not len(test_times):
        return None
    test_start_us = max(later[int(len(later) * eval_share)], test_times[0])
    return Boundaries(int(later[0]), int(test_start_us))


def _begin_of_ties(times: np.ndarray, index: int) -> int:
    """The first index whose time is that at `index`; -1 for an index before the first."""
    return int(np.searchsorted(times, times[index])) if index >= 0 else -1


def user_cuts(events: SortedEvents, settings: DataSettings, boundaries: Boundaries | None) -> Cuts:
    """Cuts each user's events; without boundaries in time all of them are train."""
    if settings.split.policy == "leave_one_out":
        return _leave_one_out_cuts(events, target_flags(events, settings))
    if boundaries is None:
        return Cuts(events.starts[1:], events.starts[1:])
    return Cuts(
        _first_at(events, boundaries.eval_start_us), _first_at(events, boundaries.test_start_us)
    )


def target_flags(events: SortedEvents, settings: DataSettings) -> np.ndarray:
    """[num_events] bool: all are targets, or those of the configured types."""
    types = settings.targets.event_types
    if types is None:
        return np.ones(len(events), bool)
    is_target = pc.is_in(events.texts(EVENT_TYPE), value_set=pa.array(types))
    return is_target.to_numpy(zero_copy_only=False)[events.codes(EVENT_TYPE)]


def cuts_among(cuts: Cuts, events: SortedEvents, is_kept: np.ndarray) -> Cuts:
    """The same cuts among the events at which `is_kept`, [num_events] bool, is true."""
    num_kept_before = np.concatenate([[0], np.cumsum(is_kept)])
    has_event = np.unique(events.user[is_kept])
    return Cuts(num_kept_before[cuts.eval[has_event]], num_kept_before[cuts.test[has_event]])


def split_masks(events: SortedEvents, cuts: Cuts) -> dict[str, np.ndarray]:
    """By split: [num_events] bool, which events are in it."""
    position = np.arange(len(events))
    is_train = position < cuts.eval[events.user]
    is_test = position >= cuts.test[events.user]
    return dict(zip(WINDOW_SPLITS, (is_train, ~is_train & ~is_test, is_test), strict=True))


def _first_at(events: SortedEvents, time_us: int) -> np.ndarray:
    """[num_users]: the first event of each user at `time_us` or later, else the user's end."""
    num_earlier = np.concatenate([[0], np.cumsum(events.time_us < time_us)])
    starts = events.starts
    return starts[:-1] + num_earlier[starts[1:]] - num_earlier[starts[:-1]]


def _leave_one_out_cuts(events: SortedEvents, is_target: np.ndarray) -> Cuts:
    """Test begins at the user's last target, eval at the one before it.

    Users with fewer than three targets are all train. This split compares with papers; it leaks
    across users, since one user's train events can be later than another's test event.
    """
    targets = np.flatnonzero(is_target)
    bounds = np.searchsorted(targets, events.starts)
    ends, counts = bounds[1:], np.diff(bounds)
    has_enough = counts >= _MIN_TARGETS_TO_LEAVE_OUT
    cuts = np.tile(events.starts[1:], (2, 1))
    cuts[0, has_enough] = targets[ends[has_enough] - 2]
    cuts[1, has_enough] = targets[ends[has_enough] - 1]
    return Cuts(*cuts)
