"""Parts of the queries to look at apart: by the user's past, the item, the time, and categories."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from components.evaluator.columns import EventColumns
from components.evaluator.item_popularity import POPULARITY_CLASSES, popularity_class
from components.evaluator.queries import Queries
from components.examples.read import RawCatalogue, RawWindows
from schemas.events import SECONDS_PER_DAY
from schemas.features import TRAIN_SPLIT

# By label, [num_queries] bool: which queries are in the part.
Parts = dict[str, np.ndarray]

USER_ACTIVITY = "user_activity"
PAST_EVENTS = "past_events"
ITEM_POPULARITY = "item_popularity"
DAYS_SINCE_SPLIT = "days_since_split"
EVENT_TYPE = "event_type"

# The first value of every range but the first.
_ACTIVITY = {"0": 0, "1-9": 1, "10-99": 10, "100+": 100}
_PAST = {"0": 0, "1": 1, "2": 2, "3-9": 3, "10-49": 10, "50+": 50}
_DAYS = {"0-1": 0, "1-7": 1, "7-30": 7, "30+": 30}

MAX_VALUES = 20
MISSING = "(missing)"
OTHERS = "(others)"


def standard_groups(
    queries: Queries,
    events: Mapping[str, EventColumns],
    windows: RawWindows,
    counts: np.ndarray,
    has_split_time: bool,
) -> dict[str, Parts]:
    """The parts that every log has.

    Args:
      queries: Queries with one relevant item each.
      events: Events of every split as columns.
      windows: Raw windows of the queries' split.
      counts: [num_items] int64, training events of each item.
      has_split_time: Whether the split is an instant, the same for all users. Days count from its
        first target event.
    """
    held_out, train = events[queries.split], events[TRAIN_SPLIT]
    num_users = 1 + max(train.user.max(initial=-1), held_out.user.max(initial=-1))
    activity = np.bincount(train.user[train.is_target], minlength=num_users)[queries.user]
    popularity = popularity_class(counts)[queries.item]
    groups = {
        USER_ACTIVITY: _by_range(activity, _ACTIVITY),
        PAST_EVENTS: _by_range(queries.num_past_events, _PAST),
        ITEM_POPULARITY: {
            label: popularity == code for code, label in enumerate(POPULARITY_CLASSES)
        },
    }
    if has_split_time:
        split_s = held_out.timestamp[held_out.is_target].min()
        days = (held_out.timestamp[queries.position] - split_s) / SECONDS_PER_DAY
        groups[DAYS_SINCE_SPLIT] = _by_range(days, _DAYS)
    event_type = windows.event_type[queries.position]
    if (event_type != b"").any():
        groups[EVENT_TYPE] = by_value(event_type)
    return groups


def category_groups(
    names: Sequence[str],
    queries: Queries,
    windows: RawWindows,
    catalogue: RawCatalogue,
) -> dict[str, Parts]:
    """The parts by category features that the settings name, of user, request or item.

    Args:
      names: `users.NAME`, `context.NAME` or `items.NAME`, each a feature that holds categories; an
        item with several is in several parts.
      queries: Queries with one relevant item each.
      windows: Raw windows of the queries' split.
      catalogue: The candidates.
    """
    return {name: by_value(_values(name, queries, windows, catalogue)) for name in names}


def by_value(values: np.ndarray) -> Parts:
    """A part for each of the most frequent values, and one for all others.

    Args:
      values: [num_queries] or [num_queries, width] bytes, b"" where there is none.
    """
    cells = values.reshape(len(values), -1)
    row, column = np.nonzero(cells != b"")
    codes, known = pd.factorize(cells[row, column], sort=True)
    frequent = np.argsort(-np.bincount(codes, minlength=len(known)), kind="stable")[:MAX_VALUES]
    labelled = [
        *((known[code].decode("utf-8", "replace"), codes == code) for code in frequent),
        (OTHERS, ~np.isin(codes, frequent)),
    ]
    parts: Parts = {}
    for label, is_in_part in labelled:
        mask = _mask(row[is_in_part], len(values))
        # A category may itself be called so.
        parts[label] = parts.get(label, False) | mask
    parts[MISSING] = parts.get(MISSING, False) | (cells == b"").all(axis=1)
    return {label: mask for label, mask in parts.items() if mask.any()}


def _values(
    name: str, queries: Queries, windows: RawWindows, catalogue: RawCatalogue
) -> np.ndarray:
    place, feature = name.split(".", 1)
    if place == "items":
        return catalogue.features[feature][queries.item]
    if place == "context":
        return windows.context[feature][queries.position]
    window = np.searchsorted(windows.offsets, queries.position, side="right") - 1
    return windows.user[feature][window]


def _by_range(values: np.ndarray, starts: Mapping[str, int]) -> Parts:
    code = np.digitize(values, list(starts.values())[1:])
    return {label: code == index for index, label in enumerate(starts)}


def _mask(rows: np.ndarray, num_queries: int) -> np.ndarray:
    mask = np.zeros(num_queries, bool)
    mask[rows] = True
    return mask
