"""Joins the lists of some traffic with the events of their users.

A list counts as clicked if its user has a target event on one of its items within a window after
the request, and before the user's next request, whatever its label. Times are compared in whole
seconds: an event in the second of a request is after it.
"""

import numpy as np
import numpy.typing as npt

from pipeline.monitor.interactions import TargetEvents
from pipeline.monitor.traffic import Traffic

MS_PER_SECOND = 1_000


def clicked_lists(traffic: Traffic, events: TargetEvents, window_s: int) -> npt.NDArray[np.bool_]:
    """Returns whether each list was clicked, [num_lists] bool."""
    start_s = traffic.time_ms // MS_PER_SECOND
    order = np.lexsort((start_s, traffic.user.codes))
    # One integer that sorts by user, then time. The first second is that of the first list.
    origin = start_s.min()
    is_later = (events.time_s >= origin) & (events.item >= 0)
    span = max(start_s.max(), events.time_s.max(initial=0)) - origin + 1
    starts = traffic.user.codes[order] * span + (start_s[order] - origin)
    user, item, time_s = events.user[is_later], events.item[is_later], events.time_s[is_later]
    # The last list at or before the event: of the same user, or none.
    place = np.searchsorted(starts, user * span + (time_s - origin), side="right") - 1
    row = order[np.maximum(place, 0)]
    is_joined = (place >= 0) & (traffic.user.codes[row] == user)
    is_joined &= time_s - start_s[row] < window_s
    num_items = len(traffic.items.texts.values)
    listed_row = np.repeat(np.arange(len(traffic)), traffic.items.lengths)
    listed = listed_row * num_items + traffic.items.texts.codes
    is_listed = np.isin(row[is_joined] * num_items + item[is_joined], listed)
    found = np.zeros(len(traffic), bool)
    found[row[is_joined][is_listed]] = True
    return found
