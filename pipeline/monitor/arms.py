"""The rates of arms, such as labels, and their comparison with a baseline."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.confidence import group_bootstrap_intervals
from pipeline.monitor.traffic import Traffic

# Percentile intervals of fewer users, or of rarer clicks, are too narrow.
MIN_USERS = 60
MIN_CLICKING_USERS = 10
_BOOTSTRAP_SAMPLES = 1_000
_SEED = 17


@dataclass(frozen=True)
class Arm:
    """The lists of one label, and how many of them were clicked.

    Attributes:
      name: The label, or the version of requests without a label.
      versions: The versions that answered.
      lists: The number of lists whose window is within the log.
      users: The number of their users.
      clicked_lists: The number of clicked lists.
      clicking_users: The number of users with a clicked list.
      rate: The mean over users of the share of their lists that were clicked; None without lists.
      interval: Its 95 % bootstrap interval over users; None with too few users.
      difference: The rate minus that of the baseline; None for the baseline.
      difference_interval: Its interval; None with too few users in one of the arms.
    """

    name: str
    versions: tuple[int, ...]
    lists: int
    users: int
    clicked_lists: int
    clicking_users: int
    rate: float | None
    interval: list[float] | None
    difference: float | None
    difference_interval: list[float] | None

    def to_dict(self) -> dict[str, Any]:
        """Returns the attributes as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """The clicks of an arm.

    Attributes:
      name: The arm.
      versions: The versions that answered.
      lists: The number of lists.
      clicked_lists: The number of clicked lists.
      rates: [num_users] float64, the share of clicked lists of each user of the traffic; NaN for
        users without lists in this arm.
    """

    name: str
    versions: tuple[int, ...]
    lists: int
    clicked_lists: int
    rates: npt.NDArray[np.float64]

    @property
    def users(self) -> int:
        """The number of users with lists."""
        return int(np.count_nonzero(~np.isnan(self.rates)))

    @property
    def clicking_users(self) -> int:
        """The number of users with a clicked list."""
        return int(np.count_nonzero(self.rates > 0))

    @property
    def mean(self) -> float | None:
        """The mean over users; None without users."""
        return float(np.nanmean(self.rates)) if self.users else None

    @property
    def has_interval(self) -> bool:
        """Whether there are enough users for an interval."""
        return self.users >= MIN_USERS and self.clicking_users >= MIN_CLICKING_USERS


def arm_outcome(
    name: str,
    versions: tuple[int, ...],
    traffic: Traffic,
    rows: npt.NDArray[np.int64],
    is_clicked: npt.NDArray[np.bool_],
) -> Outcome:
    """Returns the clicks of an arm.

    Args:
      name: The arm.
      versions: The versions that answered.
      traffic: The lists of all arms.
      rows: [num_lists] int64, the lists of the arm.
      is_clicked: [num_lists] bool, whether each of them was clicked.
    """
    num_users = len(traffic.user.values)
    user = traffic.user.codes[rows]
    lists = np.bincount(user, minlength=num_users)
    clicks = np.bincount(user, is_clicked, minlength=num_users)
    rates = np.divide(clicks, lists, out=np.full(num_users, np.nan), where=lists > 0)
    return Outcome(name, versions, len(rows), int(is_clicked.sum()), rates)


def compare_arms(outcomes: list[Outcome]) -> tuple[Arm, ...]:
    """Compares the arms with the first one."""
    baseline = outcomes[0]
    intervals, differences = _intervals([each for each in outcomes if each.has_interval])
    return tuple(
        Arm(
            name=outcome.name,
            versions=outcome.versions,
            lists=outcome.lists,
            users=outcome.users,
            clicked_lists=outcome.clicked_lists,
            clicking_users=outcome.clicking_users,
            rate=outcome.mean,
            interval=intervals.get(outcome.name),
            difference=_difference(outcome, baseline),
            difference_interval=differences.get(outcome.name) if baseline.has_interval else None,
        )
        for outcome in outcomes
    )


def _intervals(
    outcomes: list[Outcome],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Returns the intervals of rates, and of differences from the first arm, by arm."""
    if not outcomes:
        return {}, {}
    is_used = ~np.isnan(np.stack([outcome.rates for outcome in outcomes])).all(axis=0)
    rates = {outcome.name: outcome.rates[is_used] for outcome in outcomes}
    return group_bootstrap_intervals(rates, outcomes[0].name, _BOOTSTRAP_SAMPLES, _SEED)


def _difference(outcome: Outcome, baseline: Outcome) -> float | None:
    mean, reference = outcome.mean, baseline.mean
    if outcome is baseline or mean is None or reference is None:
        return None
    return mean - reference
