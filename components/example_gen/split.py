"""Where train, eval and test begin: in time for everyone, or per user (leave-one-out)."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.example_gen.fields import FieldError, timestamp_parser
from schemas.data_settings import SplitSettings
from schemas.errors import InputError

# Fewer targets than this leave nothing to learn from: all of a user's events stay in train.
_MIN_TARGETS_TO_LEAVE_OUT = 3


@dataclass(frozen=True)
class Boundaries:
    """train < eval_start_us <= eval < test_start_us <= test, microseconds since the epoch."""

    eval_start_us: int
    test_start_us: int


@dataclass(frozen=True)
class Cuts:
    """Of one user's sorted events: train is [0, eval), eval [eval, test), test the rest."""

    eval: int
    test: int


def configured_boundaries(settings: SplitSettings) -> Boundaries | None:
    """The boundaries given as instants, or None where fractions (or users) decide.

    Raises:
      InputError: One is given without the other, is no instant, or they are out of order.
    """
    if settings.policy == "leave_one_out" or not (settings.eval_start or settings.test_start):
        return None
    if not (settings.eval_start and settings.test_start):
        raise InputError("split: give both eval_start and test_start, or neither")
    eval_us = _instant("eval_start", settings.eval_start)
    test_us = _instant("test_start", settings.test_start)
    if eval_us >= test_us:
        raise InputError(
            f"split: eval_start {settings.eval_start} must be earlier than "
            f"test_start {settings.test_start}"
        )
    return Boundaries(eval_us, test_us)


def _instant(key: str, text: str) -> int:
    try:
        return timestamp_parser("iso8601")(text)
    except FieldError as error:
        raise InputError(f"split.{key}: {error.detail}") from None


def quantile_boundaries(
    timestamps_us: np.ndarray, eval_fraction: float, test_fraction: float
) -> Boundaries | None:
    """Boundaries such that the last fractions of the events come at or after them, exactly.

    Each split takes at least one event where there are enough. Events of equal time stay
    together, so a split can be larger than its fraction.

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
        return None
    return Boundaries(int(times[eval_at]), int(times[test_at]))


def _begin_of_ties(times: np.ndarray, index: int) -> int:
    """The first index whose time is that at `index`; -1 for an index before the first."""
    return int(np.searchsorted(times, times[index])) if index >= 0 else -1


def temporal_cuts(timestamps_us: Sequence[int], boundaries: Boundaries) -> Cuts:
    """Cuts one user's sorted events at the boundaries."""
    return Cuts(
        bisect_left(timestamps_us, boundaries.eval_start_us),
        bisect_left(timestamps_us, boundaries.test_start_us),
    )


def leave_one_out_cuts(is_target: Sequence[bool]) -> Cuts:
    """Test begins at the user's last target, eval at the one before it.

    Users with fewer than three targets are all train. This split compares with papers; it leaks
    across users, since one user's train events can be later than another's test event.
    """
    targets = [position for position, target in enumerate(is_target) if target]
    if len(targets) < _MIN_TARGETS_TO_LEAVE_OUT:
        return Cuts(len(is_target), len(is_target))
    return Cuts(targets[-2], targets[-1])
