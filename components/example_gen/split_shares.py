"""The division of the events into splits by fractions, and how equal times distort it.

Events of one instant are never separated, so a split can be much larger or smaller than its
fraction if many events share an instant.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from components.example_gen.split import Boundaries
from components.records.summary import Summary
from schemas.errors import InputError
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from schemas.target_settings import SplitSettings

# A split that is this many times larger or smaller than its fraction is reported.
_REPORTED_FACTOR = 2
# A split with a smaller share of the events that correspond to its fraction is an error.
_SMALLEST_SHARE = 0.01
# Smaller differences are unavoidable in small logs.
_SMALLEST_DIFFERENCE = 3


@dataclass(frozen=True)
class SplitShares:
    """The division of the events into splits, before the rules that depend on the splits.

    Attributes:
      wanted: Number of events by split that correspond to the fractions.
      actual: Number of events by split.
      num_times: Number of distinct times.
      tied: Number of events at the most frequent time.
      tied_us: The most frequent time, microseconds since the epoch, UTC.
    """

    wanted: dict[str, int]
    actual: dict[str, int]
    num_times: int
    tied: int
    tied_us: int

    @property
    def num_events(self) -> int:
        """The number of events."""
        return sum(self.wanted.values())

    def to_summary(self) -> Summary:
        """Returns a summary that contains only these counts."""
        return Summary(shares=asdict(self))


def split_shares(
    times_us: npt.NDArray[np.int64], boundaries: Boundaries | None, settings: SplitSettings
) -> SplitShares | None:
    """Returns the division of events into splits; None unless it is by fractions.

    Args:
      times_us: [num_events] times in any order, microseconds since the epoch, UTC.
      boundaries: The boundaries of the splits; None if there are fewer than three distinct times.
      settings: The settings of the split.
    """
    is_by_fractions = settings.policy == "temporal" and settings.eval_start is None
    if not is_by_fractions or not len(times_us):
        return None
    num_test, num_eval = (
        max(1, round(len(times_us) * fraction))
        for fraction in (settings.test_fraction, settings.eval_fraction)
    )
    times, counts = np.unique(times_us, return_counts=True)
    most = int(np.argmax(counts))
    actual = {TRAIN_SPLIT: len(times_us), EVAL_SPLIT: 0, TEST_SPLIT: 0}
    if boundaries is not None:
        after_train = int(np.count_nonzero(times_us >= boundaries.eval_start_us))
        after_eval = int(np.count_nonzero(times_us >= boundaries.test_start_us))
        actual = {
            TRAIN_SPLIT: len(times_us) - after_train,
            EVAL_SPLIT: after_train - after_eval,
            TEST_SPLIT: after_eval,
        }
    wanted = {
        TRAIN_SPLIT: len(times_us) - num_eval - num_test,
        EVAL_SPLIT: num_eval,
        TEST_SPLIT: num_test,
    }
    return SplitShares(wanted, actual, len(times), int(counts[most]), int(times[most]))


def shares_of_summary(summary: dict[str, Any]) -> SplitShares | None:
    """Returns the division that a summary contains."""
    return None if summary["shares"] is None else SplitShares(**summary["shares"])


def check_split_shares(place: str, shares: SplitShares | None) -> None:
    """Checks that no split is almost empty because of events of equal time.

    Args:
      place: The files of the log, for the message.
      shares: The division into splits; None if it is not by fractions.

    Raises:
      InputError: A split has less than 1 % of the events that correspond to its fraction.
    """
    if shares is None or shares.num_times < len(shares.wanted):
        return
    if any(
        shares.actual[split] < _SMALLEST_SHARE * wanted for split, wanted in shares.wanted.items()
    ):
        raise InputError(f"{place}: {_describe(shares)}")


def split_warnings(shares: SplitShares | None) -> list[str]:
    """Returns a text if a split is much larger or smaller than its fraction, else nothing."""
    if shares is None:
        return []
    is_distorted = any(
        abs(actual - shares.wanted[split]) >= _SMALLEST_DIFFERENCE
        and (
            actual > _REPORTED_FACTOR * shares.wanted[split]
            or _REPORTED_FACTOR * actual < shares.wanted[split]
        )
        for split, actual in shares.actual.items()
    )
    return [_describe(shares)] if is_distorted else []


def describe_ties(shares: SplitShares) -> str:
    """Formats the most frequent time: "380 of 481 kept events are at 2015-05-07T00:00:00Z"."""
    instant = datetime.fromtimestamp(shares.tied_us // MICROSECONDS_PER_SECOND, timezone.utc)
    return (
        f"{shares.tied:,} of {shares.num_events:,} kept events are at {instant:%Y-%m-%dT%H:%M:%SZ}"
    )


def _describe(shares: SplitShares) -> str:
    splits = ", ".join(
        f"{split} has {shares.actual[split]:,} of the {wanted:,} events that correspond to its "
        "fraction"
        for split, wanted in shares.wanted.items()
    )
    return (
        f"split: {splits}, because events of the same instant are not separated: "
        f"{describe_ties(shares)}. If this is the time of an import, give those events their own "
        "times or leave them out; otherwise choose other split.eval_fraction and "
        "split.test_fraction, set split.eval_start and split.test_start, or use "
        "split.policy: leave_one_out"
    )
