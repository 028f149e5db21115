"""Target events that tests make."""

import numpy as np

from pipeline.monitor.interactions import TargetEvents
from pipeline.monitor.traffic import Traffic

Event = tuple[str, str, int]
FIRST_S, LAST_S = 0, 10_000


def events_of(served: Traffic, events: list[Event]) -> TargetEvents:
    """Returns events of (user, item, second) in a log from FIRST_S to LAST_S."""
    users = {name: code for code, name in enumerate(served.user.values)}
    items = {name: code for code, name in enumerate(served.items.texts.values)}
    known = [event for event in events if event[0] in users]
    return TargetEvents(
        user=np.array([users[user] for user, _, _ in known], np.int64),
        item=np.array([items.get(item, -1) for _, item, _ in known], np.int64),
        time_s=np.array([time_s for _, _, time_s in known], np.int64),
        first_s=FIRST_S,
        last_s=LAST_S,
    )
