"""The share of events whose order is not stated by their times, and the warning about it.

Events of a user that have the same time are in the order of the files and rows, which need not be
the order in which they occurred.
"""

from collections import Counter
from typing import Any

import numpy as np

from components.example_gen.sorted_events import SortedEvents
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.settings import DataSettings

_EVENTS, _SIMULTANEOUS, _DATES = "events", "simultaneous", "dates"
_DAY_US = 86_400 * MICROSECONDS_PER_SECOND
# Events of one basket or one page are simultaneous in many logs, so a smaller share is usual.
_REPORTED_SHARE = 0.5
# Dates without a time of day are usually an oversight.
_REPORTED_SHARE_OF_DATES = 0.1
# A smaller log is a trial of the configuration.
_SMALLEST_LOG = 100


def count_simultaneous(events: SortedEvents) -> Counter[str]:
    """Counts the events of a partition that share their time with another event of their user.

    Args:
      events: The kept events.

    Returns:
      The numbers of events, of simultaneous events, and of events at 00:00:00 UTC.
    """
    equals_previous = np.zeros(len(events) + 1, bool)
    equals_previous[1:-1] = (np.diff(events.time_us) == 0) & (np.diff(events.user) == 0)
    is_simultaneous = equals_previous[:-1] | equals_previous[1:]
    return Counter(
        {
            _EVENTS: len(events),
            _SIMULTANEOUS: int(np.count_nonzero(is_simultaneous)),
            _DATES: int(np.count_nonzero(events.time_us % _DAY_US == 0)),
        }
    )


def simultaneity_warnings(summary: dict[str, Any], data: DataSettings) -> list[str]:
    """Returns a text if many events have the time of another event of their user, else nothing.

    Args:
      summary: The summary of the ingestion.
      data: The settings of the log.
    """
    counts = Counter(summary["simultaneous"])
    num_events, num_simultaneous = counts[_EVENTS], counts[_SIMULTANEOUS]
    has_dates = counts[_DATES] == num_events
    reported_share = _REPORTED_SHARE_OF_DATES if has_dates else _REPORTED_SHARE
    if num_events < _SMALLEST_LOG or num_simultaneous < reported_share * num_events:
        return []
    cause = ", because the times are dates without a time of day" if has_dates else ""
    warning = (
        f"interactions.fields.timestamp: {num_simultaneous:,} of {num_events:,} events have the "
        f"same time as another event of their user{cause}. The order of such events is that of the "
        "files and rows. If they did not occur in this order, read a column with more precise times"
    )
    if has_dates and data.interactions.reject.duplicates:
        warning += (
            "; an event of the same item and type on the same date is rejected as a duplicate "
            "(reject.duplicates)"
        )
    return [warning]
