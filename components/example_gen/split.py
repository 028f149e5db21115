"""The split into train, eval and test: at the same times for all users, or leave-one-out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.sorted_events import SortedEvents
from components.negative_events import negative_flags
from components.records.fields import FieldError, timestamp_parser
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, VALUE, WINDOW_SPLITS
from schemas.settings import DataSettings
from schemas.target_settings import SplitSettings

# Leave-one-out needs a target each for train, eval and test. Users with fewer are all train.
_MIN_TARGETS_TO_LEAVE_OUT = 3


@dataclass(frozen=True)
class Boundaries:
    """The times at which eval and test begin, in microseconds since the epoch, UTC.

    train < eval_start_us <= eval < test_start_us <= test.
    """

    eval_start_us: int
    test_start_us: int


@dataclass(frozen=True)
class Cuts:
    """The indices into sorted events at which the splits of each user begin.

    With `start` and `end` as the bounds of a user's events, train is [start, eval), eval is
    [eval, test) and test is [test, end).

    Attributes:
      eval: [num_users] index of the first eval event of each user.
      test: [num_users] index of the first test event of each user.
    """

    eval: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


def configured_boundaries(settings: SplitSettings) -> Boundaries | None:
    """Returns the boundaries in the settings; None if they are fractions or per user.

    >>> configured_boundaries(SplitSettings(eval_start="1970-01-02", test_start="1970-01-03"))
    Boundaries(eval_start_us=86400000000, test_start_us=172800000000)

    Raises:
      InputError: Only one boundary is given, one is not a time, or they are not in order.
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
    """Returns a time of the configuration in microseconds since the epoch, UTC.

    Args:
      key: The key of the configuration, for error messages.
      text: The time in ISO 8601. Without a zone it is UTC.

    Raises:
      InputError: The text is not an ISO 8601 time.
    """
    try:
        return timestamp_parser("iso8601")(text)
    except FieldError as error:
        raise InputError(f"{key}: {error.detail}") from None


def quantile_boundaries(
    timestamps_us: npt.NDArray[np.int64], eval_fraction: float, test_fraction: float
) -> Boundaries | None:
    """Returns the boundaries that put the given fractions of the events into eval and test.

    Each split has at least one event. Events of equal time are in the same split, so a split can be
    larger than its fraction. If the events of the first time would reach into eval, they are train,
    and eval and test share the others in proportion to their fractions.

    >>> times_us = np.array([10, 20, 30, 40, 50])
    >>> quantile_boundaries(times_us, eval_fraction=0.2, test_fraction=0.2)
    Boundaries(eval_start_us=40, test_start_us=50)

    Here both events at 30 are in eval:

    >>> times_us = np.array([10, 20, 30, 30, 50])
    >>> quantile_boundaries(times_us, eval_fraction=0.2, test_fraction=0.2)
    Boundaries(eval_start_us=30, test_start_us=50)

    Args:
      timestamps_us: [num_events] times in any order.
      eval_fraction: Fraction of the events in eval.
      test_fraction: Fraction of the events in test.

    Returns:
      The boundaries; None if there are fewer than three distinct times.
    """
    times = np.sort(timestamps_us)
    num_test = max(1, round(len(times) * test_fraction))
    num_eval = max(1, round(len(times) * eval_fraction))
    test_at = _begin_of_ties(times, len(times) - num_test)
    eval_at = _begin_of_ties(times, min(test_at - 1, len(times) - num_test - num_eval))
    if eval_at <= 0:
        return _after_first_time(times, eval_fraction / (eval_fraction + test_fraction))
    return Boundaries(int(times[eval_at]), int(times[test_at]))


def _after_first_time(times: npt.NDArray[np.int64], eval_share: float) -> Boundaries | None:
    """Returns boundaries such that only the events of the first time are train.

    Args:
      times: [num_events] sorted times.
      eval_share: Approximate share of eval in the other events.
    """
    later = times[times > times[:1]]
    test_times = later[later > later[:1]]
    if not len(test_times):
        return None
    test_start_us = max(later[int(len(later) * eval_share)], test_times[0])
    return Boundaries(int(later[0]), int(test_start_us))


def _begin_of_ties(times: npt.NDArray[np.int64], index: int) -> int:
    """Returns the first index with the same time as `index`; -1 if `index` is negative."""
    return int(np.searchsorted(times, times[index])) if index >= 0 else -1


def user_cuts(events: SortedEvents, settings: DataSettings, boundaries: Boundaries | None) -> Cuts:
    """Returns the cuts of each user's events into splits.

    Args:
      events: Events of some users.
      settings: The policy of the split, and the event types of targets.
      boundaries: The boundaries of a temporal split; if None, all events are train.
    """
    if settings.split.policy == "leave_one_out":
        return _leave_one_out_cuts(events, target_flags(events, settings))
    if boundaries is None:
        return Cuts(events.starts[1:], events.starts[1:])
    return Cuts(
        _first_at(events, boundaries.eval_start_us), _first_at(events, boundaries.test_start_us)
    )


def target_flags(events: SortedEvents, settings: DataSettings) -> npt.NDArray[np.bool_]:
    """Returns a [num_events] bool mask of the targets.

    They are all events, or those of configured types, without negative feedback.
    """
    is_target = ~event_negative_flags(events, settings)
    types = settings.targets.event_types
    if types is not None:
        is_type = pc.is_in(events.texts(EVENT_TYPE), value_set=pa.array(types))
        is_target &= is_type.to_numpy(zero_copy_only=False)[events.codes(EVENT_TYPE)]
    return is_target


def event_negative_flags(events: SortedEvents, settings: DataSettings) -> npt.NDArray[np.bool_]:
    """Returns a [num_events] bool mask of the events that are explicit negative feedback."""
    if settings.targets.negative is None:
        return np.zeros(len(events), bool)
    return negative_flags(
        settings.targets.negative, events.encoded_texts(EVENT_TYPE), events.numbers(VALUE)
    )


def cuts_of_kept_events(cuts: Cuts, events: SortedEvents, is_kept: npt.NDArray[np.bool_]) -> Cuts:
    """Returns the cuts as indices into the kept events only.

    Args:
      cuts: Cuts of `events`.
      events: Events of some users.
      is_kept: [num_events] bool.

    Returns:
      One entry for each user with a kept event.
    """
    num_kept_before = np.concatenate([[0], np.cumsum(is_kept)])
    has_event = np.unique(events.user[is_kept])
    return Cuts(num_kept_before[cuts.eval[has_event]], num_kept_before[cuts.test[has_event]])


def split_masks(events: SortedEvents, cuts: Cuts) -> dict[str, npt.NDArray[np.bool_]]:
    """Returns the [num_events] bool mask of the events of each split.

    >>> from components.example_gen.sorted_events import sort_events
    >>> columns = {"user_id": list("aaab"), "time_us": [10, 20, 30, 30], "position": [1, 2, 3, 4]}
    >>> events = sort_events(pa.table(columns))
    >>> cuts = Cuts(eval=np.array([1, 3]), test=np.array([2, 3]))
    >>> {split: mask.tolist() for split, mask in split_masks(events, cuts).items()}["eval"]
    [False, True, False, False]
    """
    position = np.arange(len(events))
    is_train = position < cuts.eval[events.user]
    is_test = position >= cuts.test[events.user]
    return dict(zip(WINDOW_SPLITS, (is_train, ~is_train & ~is_test, is_test), strict=True))


def _first_at(events: SortedEvents, time_us: int) -> npt.NDArray[np.int64]:
    """Returns the [num_users] index of the first event of each user at `time_us` or later.

    For a user without such an event it is the end of the user's events.
    """
    num_earlier = np.concatenate([[0], np.cumsum(events.time_us < time_us)])
    starts = events.starts
    return starts[:-1] + num_earlier[starts[1:]] - num_earlier[starts[:-1]]


def _leave_one_out_cuts(events: SortedEvents, is_target: npt.NDArray[np.bool_]) -> Cuts:
    """Returns cuts such that test begins at a user's last target, and eval at the previous target.

    Users with fewer than three targets are all train. This split serves for comparison with papers.
    It leaks future data across users: train events of one user can be later than the test event of
    another.
    """
    targets = np.flatnonzero(is_target)
    bounds = np.searchsorted(targets, events.starts)
    ends, counts = bounds[1:], np.diff(bounds)
    has_enough = counts >= _MIN_TARGETS_TO_LEAVE_OUT
    cuts = np.tile(events.starts[1:], (2, 1))
    cuts[0, has_enough] = targets[ends[has_enough] - 2]
    cuts[1, has_enough] = targets[ends[has_enough] - 1]
    return Cuts(*cuts)
