"""Compares arms of traffic by the lists that were clicked.

An arm is a label; requests without a label form an arm for each version. `clicked_lists` defines
when a list counts as clicked. Lists whose window is not wholly within the log are left out, in
every arm alike.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.confidence import group_bootstrap_intervals
from components.pusher.labels import STABLE
from pipeline.monitor.clicked_lists import MS_PER_SECOND, clicked_lists
from pipeline.monitor.interactions import TargetEvents
from pipeline.monitor.traffic import Traffic
from schemas.errors import InputError

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
class Clicks:
    """What users did after they had been recommended lists.

    Attributes:
      window_s: The window after a request, in seconds.
      baseline: The arm with which the others are compared.
      first_s: The time of the first event of the log, seconds since the epoch, UTC.
      last_s: The time of its last event.
      target_events: The number of target events of users of the traffic.
      left_out: The number of lists without a user, or whose window is not wholly within the log.
      arms: The arms, the baseline first.
    """

    window_s: int
    baseline: str
    first_s: int
    last_s: int
    target_events: int
    left_out: int
    arms: tuple[Arm, ...]


def measure_clicks(
    traffic: Traffic, events: TargetEvents, window_s: int, baseline: str | None
) -> Clicks:
    """Joins traffic with events, and compares its arms.

    Args:
      traffic: The lists.
      events: The target events of their users.
      window_s: How long after a request an event counts, in seconds.
      baseline: The arm with which the others are compared; by default `stable`, or else the first.

    Raises:
      InputError: There is no such arm, or no list has its whole window within the log.
    """
    names, arm = _arms(traffic)
    baseline = _baseline(names, baseline)
    start_s = traffic.time_ms // MS_PER_SECOND
    is_named = np.array([name != "" for name in traffic.user.values], bool)[traffic.user.codes]
    is_covered = (start_s >= events.first_s) & (start_s + window_s <= events.last_s)
    is_counted = is_named & is_covered
    if not is_counted.any():
        raise InputError(_no_window(start_s, is_named, events, window_s))
    is_clicked = clicked_lists(traffic, events, window_s)
    outcomes = []
    for name in [baseline, *(name for name in names if name != baseline)]:
        is_of_arm = arm == names.index(name)
        versions = tuple(np.unique(traffic.version[is_of_arm]).tolist())
        rows = np.flatnonzero(is_of_arm & is_counted)
        outcomes.append(_outcome(name, versions, traffic, rows, is_clicked[rows]))
    return Clicks(
        window_s=window_s,
        baseline=baseline,
        first_s=events.first_s,
        last_s=events.last_s,
        target_events=len(events),
        left_out=int((~is_counted).sum()),
        arms=_compared(outcomes),
    )


@dataclass(frozen=True)
class _Outcome:
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


def _outcome(
    name: str,
    versions: tuple[int, ...],
    traffic: Traffic,
    rows: npt.NDArray[np.int64],
    is_clicked: npt.NDArray[np.bool_],
) -> _Outcome:
    num_users = len(traffic.user.values)
    user = traffic.user.codes[rows]
    lists = np.bincount(user, minlength=num_users)
    clicks = np.bincount(user, is_clicked, minlength=num_users)
    rates = np.divide(clicks, lists, out=np.full(num_users, np.nan), where=lists > 0)
    return _Outcome(name, versions, len(rows), int(is_clicked.sum()), rates)


def _compared(outcomes: list[_Outcome]) -> tuple[Arm, ...]:
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
    outcomes: list[_Outcome],
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Returns the intervals of rates, and of differences from the first arm, by arm."""
    if not outcomes:
        return {}, {}
    is_used = ~np.isnan(np.stack([outcome.rates for outcome in outcomes])).all(axis=0)
    rates = {outcome.name: outcome.rates[is_used] for outcome in outcomes}
    return group_bootstrap_intervals(rates, outcomes[0].name, _BOOTSTRAP_SAMPLES, _SEED)


def _difference(outcome: _Outcome, baseline: _Outcome) -> float | None:
    mean, reference = outcome.mean, baseline.mean
    if outcome is baseline or mean is None or reference is None:
        return None
    return mean - reference


def _arms(traffic: Traffic) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Returns the names of the arms, sorted, and the arm of each list."""
    label = np.array(traffic.label.values, object)[traffic.label.codes]
    version = np.array([f"version {number}" for number in traffic.version.tolist()], object)
    names, arm = np.unique(np.where(label == "", version, label).astype(str), return_inverse=True)
    return names.tolist(), arm.ravel()


def _baseline(names: list[str], wanted: str | None) -> str:
    if wanted is None:
        return STABLE if STABLE in names else names[0]
    if wanted not in names:
        raise InputError(f"--baseline {wanted}: not in the traffic, which has {', '.join(names)}")
    return wanted


def _no_window(
    start_s: npt.NDArray[np.int64],
    is_named: npt.NDArray[np.bool_],
    events: TargetEvents,
    window_s: int,
) -> str:
    if not is_named.any():
        return "no request of the traffic has a user id, so its lists have no clicks"
    log = f"{instant(events.first_s)} to {instant(events.last_s)}"
    requests = f"{instant(int(start_s.min()))} to {instant(int(start_s.max()))}"
    if events.last_s < start_s.min() or events.first_s > start_s.max():
        return (
            f"the interaction log ({log}) and the traffic ({requests}) do not overlap in time; "
            "give the log of the same days, and check interactions.timestamp_unit"
        )
    return (
        f"no request ({requests}) has its whole window of {window_s:,} s within the interaction "
        f"log ({log}): give a smaller --window, or a log that ends later"
    )


def instant(time_s: int) -> str:
    """Returns a time as text, to the second, in UTC."""
    return f"{datetime.fromtimestamp(time_s, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
