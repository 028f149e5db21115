"""Counts the ids of the log that have a row in the users file or the catalogue, per partition."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.sorted_events import SortedEvents
from components.records.item_notes import ItemNotes
from components.records.matches import FOUND, ITEMS, REJECTED, UNMATCHED, USERS, Matches, sample
from schemas.features import ITEM_ID


def count_users(events: SortedEvents, user_ids: pa.StringArray) -> Matches:
    """Counts the users of some events, and the events, by whether the user has a row.

    Args:
      events: All valid events of some users.
      user_ids: The ids of the rows of these users.
    """
    is_found = _is_in(events.user_ids, user_ids)
    unmatched = events.user_ids.filter(pa.array(~is_found)).to_pylist()
    matches = Matches(
        users=_counter(is_found.sum(), (~is_found).sum()), unmatched_users=sample(set(unmatched))
    )
    is_event_found = is_found[events.user] if len(events) else np.zeros(0, bool)
    for outcome, count in _counter(is_event_found.sum(), (~is_event_found).sum()).items():
        matches.events[USERS, outcome] = count
    return matches


def count_items(
    events: SortedEvents, known_items: pa.StringArray | None, notes: ItemNotes
) -> Matches:
    """Counts the items of some events, and the events, by whether the item has a row.

    Args:
      events: Valid events.
      known_items: The ids of the catalogue; None if it has all items of the log.
      notes: The notes of the catalogue, with the items that have no row and those whose rows
        were rejected.
    """
    items, codes = events.texts(ITEM_ID), events.codes(ITEM_ID)
    if known_items is None:
        is_found = ~_is_in(items, pa.array(sorted(notes.logged_only), pa.string()))
    else:
        is_found = _is_in(items, known_items)
    is_rejected = ~is_found & _is_in(items, pa.array(sorted(notes.rejected), pa.string()))
    num_events = np.bincount(codes, minlength=len(items))
    matches = Matches()
    for outcome, mask in (
        (FOUND, is_found),
        (REJECTED, is_rejected),
        (UNMATCHED, ~is_found & ~is_rejected),
    ):
        if num_events[mask].sum():
            present = pa.array(mask & (num_events > 0))
            matches.items[outcome] = set(items.filter(present).to_pylist())
            matches.events[ITEMS, outcome] = int(num_events[mask].sum())
    return matches


def _is_in(ids: pa.StringArray, others: pa.StringArray) -> npt.NDArray[np.bool_]:
    return pc.is_in(ids, value_set=others).to_numpy(zero_copy_only=False).astype(bool)


def _counter(found: int, unmatched: int) -> Counter[str]:
    return Counter({FOUND: int(found), UNMATCHED: int(unmatched)})
