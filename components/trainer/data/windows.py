"""Transformed windows in memory, as flat columns without padding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.negative_events_graph import NEGATIVE
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.columns import Column, read_columns
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import indices_of
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, IS_TARGET, ITEM_ID, MISSING_INTEGER, TIMESTAMP, USER_ID
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE, bucket_name

# Columns that the trainer adds to the transformed ones; with a dot, which no key of a feature has.
ROW = "trainer.row"
WEIGHT = "trainer.weight"


@dataclass(frozen=True)
class TransformedWindows:
    """Windows as flat columns: the events of all windows, one window after the other.

    Attributes:
      lengths: [num_windows] int64 numbers of events.
      user: User id and user features, [num_windows] each.
      events: [num_events] each: ROW of the candidate table, WEIGHT as a target (0 for an event
        that is no target), `timestamp` in seconds since the epoch, event type, value and context.
      padding: The value of padding, by event column.
      repeat_targets: The number of targets that were left out because their item, with their
        history, is not recommended.
    """

    lengths: npt.NDArray[np.int64]
    user: dict[str, npt.NDArray[Any]]
    events: dict[str, npt.NDArray[Any]]
    padding: dict[str, int | float]
    repeat_targets: int = 0

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def num_targets(self) -> int:
        """The number of events that are targets."""
        return int(np.count_nonzero(self.events[WEIGHT]))


def read_transformed_windows(
    files: list[str],
    features: TowerFeatures,
    candidates: CandidateTable,
    users: Sequence[bytes],
    weight_of_type: npt.NDArray[np.float32],
    exclude_repeats: bool,
) -> TransformedWindows:
    """Reads one split of the transformed windows.

    Args:
      files: Gzipped TFRecords of transformed windows.
      features: The input features of the towers.
      candidates: The candidate table.
      users: The users with an index of their own, in the order of their indices.
      weight_of_type: [num_event_types + 1] float32: the weight of a target, by event type index.
      exclude_repeats: Whether an event is no target if its item occurs earlier in its window,
        because items of the history are not recommended. If not, it is no target if the event of
        its item before it is negative feedback.

    Raises:
      InputError: An item is neither in the catalogue nor in the vocabulary.
    """
    dtypes = {USER_ID: tf.string, ITEM_ID: tf.string, TIMESTAMP: tf.int64, IS_TARGET: tf.int64}
    for feature in (*features.user, *features.event):
        dtypes |= _dtypes(feature)
    columns = read_columns(files, dtypes)
    rows = _candidate_rows(columns[ITEM_ID].values, candidates)
    weight = columns[IS_TARGET].values * weight_of_type[columns[EVENT_TYPE].values]
    repeat_targets = 0
    if exclude_repeats or features.has_negatives:
        previous = _previous_of_item(rows, columns[ITEM_ID])
        is_excluded = previous >= 0
        if not exclude_repeats:
            is_excluded &= columns[IS_NEGATIVE].values[previous] == NEGATIVE
        repeat_targets = int(np.count_nonzero(weight[is_excluded]))
        weight *= ~is_excluded
    padding: dict[str, int | float] = {
        ROW: candidates.missing_row,
        WEIGHT: 0.0,
        TIMESTAMP: MISSING_INTEGER,
    }
    for feature in features.event:
        padding |= feature.missing
    user = {USER_ID: indices_of(columns[USER_ID].values, users)} | {
        name: columns[name].values for feature in features.user for name in feature.missing
    }
    added = {ROW: rows, WEIGHT: weight.astype(np.float32)}
    events = {name: added[name] if name in added else columns[name].values for name in padding}
    return TransformedWindows(columns[ITEM_ID].lengths, user, events, padding, repeat_targets)


def _dtypes(feature: InputFeature) -> dict[str, tf.DType]:
    if feature.kind is FeatureKind.NUMBER:
        return {feature.name: tf.float32, bucket_name(feature.name): tf.int64}
    return {feature.name: tf.int64}


def _candidate_rows(
    item_id: npt.NDArray[np.object_], candidates: CandidateTable
) -> npt.NDArray[np.int32]:
    """Returns [num_events] int32 rows of the candidate table."""
    row_of = {item: row for row, item in enumerate(candidates.item_id)}
    try:
        return np.fromiter((row_of[item] for item in item_id), np.int32, len(item_id))
    except KeyError as error:
        raise InputError(
            f"item {error.args[0].decode(errors='replace')!r} of the windows is not in the "
            "catalogue: generate catalogue and windows from the same files"
        ) from error


def _previous_of_item(rows: npt.NDArray[np.int32], column: Column) -> npt.NDArray[np.int64]:
    """Returns [num_events] int64: the event before it in its window with its item; -1 if none."""
    window = np.repeat(np.arange(len(column.lengths)), column.lengths)
    keys = window * (np.int64(rows.max(initial=0)) + 1) + rows
    order = np.argsort(keys, kind="stable")
    continues = np.diff(keys[order], prepend=-1) == 0
    previous = np.empty(len(rows), np.int64)
    previous[order] = np.where(continues, np.roll(order, 1), -1)
    return previous


def with_targets(windows: TransformedWindows, max_targets: int | None = None) -> TransformedWindows:
    """Leaves out windows without a target, which have no effect on loss and metrics.

    Args:
      windows: The windows of a split.
      max_targets: Keeps at most this number of targets, evenly spread over the split; None keeps
        all.
    """
    weight = windows.events[WEIGHT]
    targets = np.flatnonzero(weight)
    if max_targets is not None and len(targets) > max_targets:
        spread = np.linspace(0, len(targets) - 1, max_targets).round().astype(np.int64)
        kept = np.zeros_like(weight)
        kept[targets[spread]] = weight[targets[spread]]
        weight = kept
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    has_target = np.bincount(window[weight > 0], minlength=len(windows)) > 0
    events = {**windows.events, WEIGHT: weight}
    return replace(
        windows,
        lengths=windows.lengths[has_target],
        user={name: values[has_target] for name, values in windows.user.items()},
        events={name: values[has_target[window]] for name, values in events.items()},
    )


def first_targets(windows: TransformedWindows) -> TransformedWindows:
    """Returns a window of one event for each window whose first event is a target.

    These are the first events of users without a history.
    """
    starts = np.cumsum(windows.lengths) - windows.lengths
    is_target = windows.events[WEIGHT][starts] > 0
    return replace(
        windows,
        lengths=np.ones(np.count_nonzero(is_target), np.int64),
        user={name: values[is_target] for name, values in windows.user.items()},
        events={name: values[starts[is_target]] for name, values in windows.events.items()},
    )


def joined(parts: Sequence[TransformedWindows]) -> TransformedWindows:
    """Returns the windows of several splits, one split after the other; at least one is given."""
    first = parts[0]
    return replace(
        first,
        lengths=np.concatenate([part.lengths for part in parts]),
        user={name: np.concatenate([part.user[name] for part in parts]) for name in first.user},
        events={
            name: np.concatenate([part.events[name] for part in parts]) for name in first.events
        },
        repeat_targets=sum(part.repeat_targets for part in parts),
    )
