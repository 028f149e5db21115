"""Measures the clicks on the lists of some traffic, by arm.

An arm is a label; requests without a label form an arm for each version. `clicked_lists` defines
when a list counts as clicked. Lists whose window is not wholly within the log are left out, in
every arm alike.
"""

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
import numpy.typing as npt

from pipeline.monitor.arms import Arm, arm_outcome, compare_arms
from pipeline.monitor.clicked_lists import MS_PER_SECOND, clicked_lists
from pipeline.monitor.interactions import TargetEvents
from pipeline.monitor.traffic import Traffic
from schemas.errors import InputError
from schemas.version_labels import STABLE


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
        outcomes.append(arm_outcome(name, versions, traffic, rows, is_clicked[rows]))
    return Clicks(
        window_s=window_s,
        baseline=baseline,
        first_s=events.first_s,
        last_s=events.last_s,
        target_events=len(events),
        left_out=int((~is_counted).sum()),
        arms=compare_arms(outcomes),
    )


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
