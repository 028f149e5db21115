"""The distribution of the kept events over time, users and items, for the report.

Every partition counts its events in periods of the same width, which begin at multiples of the
width since the epoch, so that the counts of partitions add up.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.example_gen.sorted_events import SortedEvents
from schemas.events import SECONDS_PER_DAY
from schemas.features import ITEM_ID

_MAX_PERIODS = 90
_MINUTE_S, _HOUR_S = 60, 3600
_WIDTHS_S = (
    *(n * _MINUTE_S for n in (1, 5, 15)),
    *(n * _HOUR_S for n in (1, 4, 12)),
    *(n * SECONDS_PER_DAY for n in (1, 2, 7, 14, 28, 91, 364, 3640, 36_400)),
)


def period_width_s(times_us: npt.NDArray[np.int64]) -> int:
    """Returns the width of the periods in which events are counted, in seconds.

    It is the smallest of some round widths, from a minute to 100 years, with which the events are
    in at most 90 periods.

    Args:
      times_us: [num_events] times in any order, microseconds since the epoch, UTC.

    Example:
      >>> period_width_s(np.array([0, 80 * 86_400_000_000])) / 86_400
      1.0
    """
    if not len(times_us):
        return _WIDTHS_S[0]
    span_s = int(times_us.max() - times_us.min()) // 1_000_000
    return next((width for width in _WIDTHS_S if span_s / width < _MAX_PERIODS), _WIDTHS_S[-1])


def count_periods(
    events: SortedEvents, splits: Mapping[str, npt.NDArray[np.bool_]], width_s: int
) -> Counter[tuple[str, int]]:
    """Returns the number of events by split and period.

    Args:
      events: The kept events of some users.
      splits: For each split, [num_events] bool, whether an event is in it.
      width_s: The width of the periods in seconds.

    Returns:
      Counts by name of the split and start of the period, seconds since the epoch, UTC.
    """
    start_s = events.time_s // width_s * width_s
    counts: Counter[tuple[str, int]] = Counter()
    for split, is_in_split in splits.items():
        periods, numbers = np.unique(start_s[is_in_split], return_counts=True)
        counts.update({(split, int(p)): int(n) for p, n in zip(periods, numbers, strict=True)})
    return counts


def count_users(events: SortedEvents) -> Counter[int]:
    """Returns the number of users by their number of events."""
    return Counter(np.diff(events.starts).tolist())


def count_items(events: SortedEvents) -> Counter[str]:
    """Returns the number of events by item id."""
    codes, counts = np.unique(events.codes(ITEM_ID), return_counts=True)
    items = events.texts(ITEM_ID).take(pa.array(codes)).to_pylist()
    return Counter(dict(zip(items, counts.tolist(), strict=True)))


def log_profile(summary: Mapping[str, Any], has_times: bool) -> dict[str, Any]:
    """Returns the distributions in a summary as JSON values of bounded size.

    Args:
      summary: The summary that the pipeline wrote (`read_summary`).
      has_times: Whether the events have times; without them, they are not counted by period.

    Returns:
      `period_s`, the width of the periods, and `events_by_period`, by split the pairs of the start
      of a period (seconds since the epoch, UTC) and the number of its events, both only with times;
      `users_by_events`, triples of the smallest and the largest number of events and the number of
      users with so many; `items_by_rank` and `top_items` (`popularity_curve`).
    """
    items = summary["item_popularity"]
    profile = {
        "users_by_events": _ranges(summary["users_by_events"]),
        "items_by_rank": items["ranks"],
        "top_items": items["top"],
    }
    if not has_times or summary["period_s"] is None:
        return profile
    by_split: dict[str, list[list[int]]] = {split: [] for split in summary["splits"]}
    for split, start_s, count in summary["events_by_period"]:
        by_split[split].append([start_s, count])
    return {"period_s": summary["period_s"], "events_by_period": by_split, **profile}


def _ranges(users_by_events: list[list[int]]) -> list[list[int]]:
    """Returns triples of the bounds of a range of numbers of events and the number of users.

    The ranges are 1, 2-3, 4-7, 8-15, and so on, up to the last one with a user.

    >>> _ranges([[1, 5], [3, 2], [9, 1]])
    [[1, 1, 5], [2, 3, 2], [4, 7, 0], [8, 15, 1]]
    """
    by_range: Counter[int] = Counter()
    for num_events, num_users in users_by_events:
        by_range[num_events.bit_length() - 1] += num_users
    return [
        [2**power, 2 ** (power + 1) - 1, by_range[power]]
        for power in range(max(by_range, default=-1) + 1)
    ]
