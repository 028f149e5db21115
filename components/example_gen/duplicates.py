"""Which events repeat an earlier one of the same user."""

import numpy as np
import pyarrow.compute as pc

from components.example_gen.event_table import EVENT_ID
from components.example_gen.sorted_events import SortedEvents
from schemas.features import EVENT_TYPE, ITEM_ID


def find_duplicates(events: SortedEvents) -> tuple[np.ndarray, np.ndarray]:
    """By event_id where an event has one, else by user, item, time and type.

    Returns:
      [num_events] int64, the index of the first event that each one repeats: its own where it
      repeats none; and [num_events] bool, which events have an event_id.
    """
    first = np.arange(len(events))
    id_lengths = pc.binary_length(events.texts(EVENT_ID)).to_numpy()
    codes = events.codes(EVENT_ID)
    has_event_id = id_lengths[codes] > 0 if len(codes) else np.zeros(0, bool)
    _mark(first, np.flatnonzero(has_event_id), events.user, codes)
    _mark_simultaneous(first, events, ~has_event_id)
    return first, has_event_id


def _mark_simultaneous(first: np.ndarray, events: SortedEvents, is_candidate: np.ndarray) -> None:
    """Only events that share user and time with a neighbour can repeat one without an id."""
    follows = np.zeros(len(events), bool)
    follows[1:] = (np.diff(events.time_us) == 0) & (np.diff(events.user) == 0)
    shares = follows.copy()
    shares[:-1] |= follows[1:]
    moment = np.cumsum(~follows)
    rows = np.flatnonzero(shares & is_candidate)
    types = events.codes(EVENT_TYPE)
    what = events.codes(ITEM_ID) * (types.max(initial=0) + 1) + types
    _mark(first, rows, moment, what)


def _mark(first: np.ndarray, rows: np.ndarray, major: np.ndarray, minor: np.ndarray) -> None:
    """Sets `first` of `rows` to the earliest of them that is equal in both keys."""
    if not len(rows):
        return
    key = major[rows] * (int(minor[rows].max()) + 1) + minor[rows]
    _, earliest, group = np.unique(key, return_index=True, return_inverse=True)
    first[rows] = rows[earliest[group]]
