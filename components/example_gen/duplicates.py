"""Detection of events that repeat an earlier event of the same user."""

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from components.example_gen.event_table import EVENT_ID
from components.example_gen.sorted_events import SortedEvents
from schemas.features import EVENT_TYPE, ITEM_ID


def find_duplicates(
    events: SortedEvents,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Finds the first occurrence of each event.

    Two events of a user are equal if they have the same event_id or, if both have none, the same
    item, time and type.

    Returns:
      The [num_events] index of the first event equal to each event (its own index if it is the
      first), and a [num_events] bool mask of the events that have an event_id.
    """
    first = np.arange(len(events))
    id_lengths = pc.binary_length(events.texts(EVENT_ID)).to_numpy()
    codes = events.codes(EVENT_ID)
    has_event_id = id_lengths[codes] > 0 if len(codes) else np.zeros(0, bool)
    _set_first(first, np.flatnonzero(has_event_id), events.user, codes)
    _set_first_simultaneous(first, events, ~has_event_id)
    return first, has_event_id


def _set_first_simultaneous(
    first: npt.NDArray[np.int64], events: SortedEvents, has_no_id: npt.NDArray[np.bool_]
) -> None:
    """Sets `first` for events without an id.

    Only events that share user and time with a neighbour can be equal, so only they are compared.
    """
    equals_previous = np.zeros(len(events), bool)
    equals_previous[1:] = (np.diff(events.time_us) == 0) & (np.diff(events.user) == 0)
    has_equal_neighbour = equals_previous.copy()
    has_equal_neighbour[:-1] |= equals_previous[1:]
    user_and_time = np.cumsum(~equals_previous, dtype=np.int64)
    rows = np.flatnonzero(has_equal_neighbour & has_no_id)
    types = events.codes(EVENT_TYPE)
    item_and_type = events.codes(ITEM_ID) * (types.max(initial=0) + 1) + types
    _set_first(first, rows, user_and_time, item_and_type)


def _set_first(
    first: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    major: npt.NDArray[np.int64],
    minor: npt.NDArray[np.int64],
) -> None:
    """Sets `first` of each of `rows` to the first row that is equal in both keys."""
    if not len(rows):
        return
    key = major[rows] * (int(minor[rows].max()) + 1) + minor[rows]
    _, earliest, group = np.unique(key, return_index=True, return_inverse=True)
    first[rows] = rows[earliest[group]]
