"""Assigns queries to slices: by the user's history, item popularity, time and category features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.evaluator.columns import EventColumns
from components.evaluator.item_popularity import POPULARITY_CLASSES, popularity_class
from components.evaluator.queries import Queries
from components.examples.read import RawCatalogue, RawWindows
from schemas.events import SECONDS_PER_DAY
from schemas.features import TRAIN_SPLIT
from schemas.metrics import (
    DAYS_SINCE_SPLIT,
    EVENT_TYPE,
    ITEM_POPULARITY,
    MODEL_AGE,
    PAST_EVENTS,
    USER_ACTIVITY,
)

# For each slice by its label, [num_queries] bool, whether a query is in it.
SliceMasks = dict[str, npt.NDArray[np.bool_]]

# The label of each range, and its smallest value.
_ACTIVITY = {"0": 0, "1-9": 1, "10-99": 10, "100+": 100}
_PAST = {"0": 0, "1": 1, "2": 2, "3-9": 3, "10-49": 10, "50+": 50}
_DAYS = {"0-1": 0, "1-7": 1, "7-30": 7, "30+": 30}

# The queries in order of time, in this number of parts of about equal size.
_AGE_PARTS = 4

MAX_VALUES = 20
MISSING = "(missing)"
OTHERS = "(others)"


def standard_slice_masks(
    queries: Queries,
    events: Mapping[str, EventColumns],
    windows: RawWindows,
    counts: npt.NDArray[np.int64],
    has_split_time: bool,
) -> dict[str, SliceMasks]:
    """Computes the slices that are available for every log.

    Args:
      queries: Queries with one relevant item each.
      events: Events of all splits.
      windows: Raw windows of the queries' split.
      counts: [num_items] int64, training events of each item.
      has_split_time: Whether all users have the same split time. `days_since_split` is counted
        from the first target event of the split.

    Returns:
      The slices of each dimension: `user_activity` (training targets of the user), `past_events`
      (all events of the user before the query), `item_popularity`, `days_since_split`, `model_age`
      (the time since the last training target, in four parts with about as many queries) and
      `event_type` (left out if the log has no event types).
    """
    held_out, train = events[queries.split], events[TRAIN_SPLIT]
    num_users = 1 + max(train.user.max(initial=-1), held_out.user.max(initial=-1))
    activity = np.bincount(train.user[train.is_target], minlength=num_users)[queries.user]
    popularity = popularity_class(counts)[queries.item]
    dimensions = {
        USER_ACTIVITY: _masks_by_range(activity, _ACTIVITY),
        PAST_EVENTS: _masks_by_range(queries.num_past_events, _PAST),
        ITEM_POPULARITY: {
            label: popularity == code for code, label in enumerate(POPULARITY_CLASSES)
        },
    }
    if has_split_time:
        split_time_s = held_out.timestamp[held_out.is_target].min()
        days = (held_out.timestamp[queries.position] - split_time_s) / SECONDS_PER_DAY
        dimensions[DAYS_SINCE_SPLIT] = _masks_by_range(days, _DAYS)
        train_end_s = train.timestamp[train.is_target].max()
        age_s = held_out.timestamp[queries.position] - train_end_s
        dimensions[MODEL_AGE] = _masks_by_age(age_s)
    event_type = windows.event_type[queries.position]
    if (event_type != b"").any():
        dimensions[EVENT_TYPE] = masks_by_value(event_type)
    return dimensions


def category_slice_masks(
    names: Sequence[str],
    queries: Queries,
    windows: RawWindows,
    catalogue: RawCatalogue,
) -> dict[str, SliceMasks]:
    """Computes the slices by category features of the user, the request or the relevant item.

    Args:
      names: Category features, each as `users.NAME`, `context.NAME` or `items.NAME`.
      queries: Queries with one relevant item each.
      windows: Raw windows of the queries' split.
      catalogue: The candidates.

    Returns:
      The slices of each feature. A query whose item has several categories is in several slices.
    """
    return {
        name: masks_by_value(_feature_values(name, queries, windows, catalogue)) for name in names
    }


def masks_by_value(values: npt.NDArray[Any]) -> SliceMasks:
    """Computes one slice for each of the most frequent values, and one for all other values.

    Args:
      values: [num_queries] or [num_queries, width] bytes, b"" for a missing value.
    """
    cells = values.reshape(len(values), -1)
    row, column = np.nonzero(cells != b"")
    codes, known = pd.factorize(cells[row, column], sort=True)
    frequent = np.argsort(-np.bincount(codes, minlength=len(known)), kind="stable")[:MAX_VALUES]
    labelled = [
        *((known[code].decode("utf-8", "replace"), codes == code) for code in frequent),
        (OTHERS, ~np.isin(codes, frequent)),
    ]
    masks: SliceMasks = {}
    for label, is_in_slice in labelled:
        mask = _mask(row[is_in_slice], len(values))
        # A category may have the same name as OTHERS or MISSING.
        masks[label] = masks.get(label, False) | mask
    masks[MISSING] = masks.get(MISSING, False) | (cells == b"").all(axis=1)
    return {label: mask for label, mask in masks.items() if mask.any()}


def _feature_values(
    name: str, queries: Queries, windows: RawWindows, catalogue: RawCatalogue
) -> npt.NDArray[Any]:
    place, feature = name.split(".", 1)
    if place == "items":
        return catalogue.features[feature][queries.item]
    if place == "context":
        return windows.context[feature][queries.position]
    window = np.searchsorted(windows.offsets, queries.position, side="right") - 1
    return windows.user[feature][window]


def _masks_by_range(
    values: npt.NDArray[np.int64] | npt.NDArray[np.float64], starts: Mapping[str, int]
) -> SliceMasks:
    code = np.digitize(values, list(starts.values())[1:])
    return {label: code == index for index, label in enumerate(starts)}


def _masks_by_age(age_s: npt.NDArray[np.int64]) -> SliceMasks:
    """Cuts queries into parts of about equal size by the age of the model, in seconds.

    Queries of equal age are in the same part, so that a part can be missing. The label of a part is
    the range of its ages in days.

    Example:
      >>> masks = _masks_by_age(np.array([86_400, 864_000]))
      >>> {label: mask.tolist() for label, mask in masks.items()}
      {'1.0-1.0 days': [True, False], '10.0-10.0 days': [False, True]}
    """
    order = np.sort(age_s)
    starts = np.unique(order[np.arange(_AGE_PARTS) * len(order) // _AGE_PARTS])
    part = np.searchsorted(starts, age_s, side="right") - 1
    masks: SliceMasks = {}
    for index in range(len(starts)):
        days = age_s[part == index] / SECONDS_PER_DAY
        label = f"{days.min():.1f}-{days.max():.1f} days"
        # Parts of a few minutes may have the same label.
        masks[label] = masks.get(label, False) | (part == index)
    return masks


def _mask(rows: npt.NDArray[np.int64], num_queries: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(num_queries, bool)
    mask[rows] = True
    return mask
