"""Reads transformed windows, a thousand at a time."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.negative_events_graph import NEGATIVE
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.column_store import ColumnStore
from components.trainer.data.columns import Column, read_column_chunks
from components.trainer.data.consecutive_events import merge_consecutive_events
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, IS_TARGET, ITEM_ID, MISSING_INTEGER, TIMESTAMP, USER_ID
from schemas.source_settings import FeatureKind
from schemas.transformed import IS_NEGATIVE, bucket_name

Preparation = Callable[[TransformedWindows], TransformedWindows]


class WindowsReader:
    """Reads transformed windows for one candidate table, chunk by chunk.

    Attributes:
      features: The input features of the towers.
      candidates: The candidate table.
      vocabularies: The ids of items and users with a row of their own.
      excludes_history: Whether items of the history are never recommended. If so, an event is no
        target if its item occurs earlier in its window. If not, it is no target if the event of
        its item before it is negative feedback.
    """

    def __init__(
        self,
        features: TowerFeatures,
        candidates: CandidateTable,
        vocabularies: IdVocabularies,
        weight_of_type: npt.NDArray[np.float32],
        excludes_history: bool,
        max_bytes: float = math.inf,
    ):
        """Prepares to read.

        Args:
          features: The input features of the towers.
          candidates: The candidate table.
          vocabularies: The ids of items and users with a row of their own.
          weight_of_type: [num_event_types + 1] float32: the weight of a target, by event type
            index.
          excludes_history: Whether items of the history are never recommended.
          max_bytes: The size of a split in memory; a larger one is kept in temporary files.
        """
        self.features = features
        self.candidates = candidates
        self.vocabularies = vocabularies
        self.excludes_history = excludes_history
        self._row_of_item = {item: row for row, item in enumerate(candidates.item_id)}
        self._index_of_user = {user: index for index, user in enumerate(vocabularies.users)}
        self._weight_of_type = weight_of_type
        self._max_bytes = max_bytes
        self._dtypes = {
            USER_ID: tf.string,
            ITEM_ID: tf.string,
            TIMESTAMP: tf.int64,
            IS_TARGET: tf.int64,
        }
        for feature in (*features.user, *features.event):
            self._dtypes |= _dtypes(feature)
        self._padding: dict[str, int | float] = {
            ROW: candidates.missing_row,
            WEIGHT: 0.0,
            TIMESTAMP: MISSING_INTEGER,
        }
        for feature in features.event:
            self._padding |= feature.missing

    def merged(self, windows: TransformedWindows) -> TransformedWindows:
        """Merges consecutive events of one item if items of the history are not recommended."""
        if not self.excludes_history:
            return windows
        return merge_consecutive_events(windows, self.features.outcome_columns)

    def read(self, files: Sequence[str], prepare: Preparation | None = None) -> TransformedWindows:
        """Reads a split.

        Args:
          files: Gzipped TFRecords of transformed windows.
          prepare: Applied to the windows of each chunk before they are stored.

        Raises:
          InputError: An item is neither in the catalogue nor in the vocabulary, or there is no
            space for the temporary files.
        """
        store = ColumnStore(self._max_bytes)
        lengths, repeat_targets, last_event_s = [], 0, MISSING_INTEGER
        for columns in read_column_chunks(list(files), self._dtypes):
            chunk = self._windows(columns)
            last_event_s = max(last_event_s, chunk.last_event_s)
            if prepare is not None:
                chunk = prepare(chunk)
            store.append({**chunk.user, **chunk.events})
            lengths.append(chunk.lengths)
            repeat_targets += chunk.repeat_targets
        stored = store.columns()
        return TransformedWindows(
            np.concatenate(lengths),
            {name: stored[name] for name in chunk.user},
            {name: stored[name] for name in chunk.events},
            self._padding,
            repeat_targets,
            last_event_s,
        )

    def _windows(self, columns: Mapping[str, Column]) -> TransformedWindows:
        item_id, time_s = columns[ITEM_ID], columns[TIMESTAMP].values
        rows = self._rows(item_id.values)
        weight = columns[IS_TARGET].values * self._weight_of_type[columns[EVENT_TYPE].values]
        repeat_targets = 0
        if self.excludes_history or self.features.has_negatives:
            previous = _previous_of_item(rows, item_id)
            is_excluded = previous >= 0
            if not self.excludes_history:
                is_excluded &= columns[IS_NEGATIVE].values[previous] == NEGATIVE
            repeat_targets = int(np.count_nonzero(weight[is_excluded]))
            weight *= ~is_excluded
        user = {USER_ID: self._users(columns[USER_ID].values)} | {
            name: _compact(columns[name].values)
            for feature in self.features.user
            for name in feature.missing
        }
        added = {ROW: rows, WEIGHT: weight.astype(np.float32), TIMESTAMP: time_s}
        events = {
            name: added[name] if name in added else _compact(columns[name].values)
            for name in self._padding
        }
        return TransformedWindows(
            item_id.lengths,
            user,
            events,
            self._padding,
            repeat_targets,
            int(time_s.max(initial=MISSING_INTEGER)),
        )

    def _users(self, user_id: npt.NDArray[np.object_]) -> npt.NDArray[np.int32]:
        """Returns [num_windows] int32 indices of users; the number of users for an unknown one."""
        unknown = len(self._index_of_user)
        indices = (self._index_of_user.get(user, unknown) for user in user_id)
        return np.fromiter(indices, np.int32, len(user_id))

    def _rows(self, item_id: npt.NDArray[np.object_]) -> npt.NDArray[np.int32]:
        """Returns [num_events] int32 rows of the candidate table."""
        try:
            rows = (self._row_of_item[item] for item in item_id)
            return np.fromiter(rows, np.int32, len(item_id))
        except KeyError as error:
            raise InputError(
                f"item {error.args[0].decode(errors='replace')!r} of the windows is not in the "
                "catalogue: generate catalogue and windows from the same files"
            ) from error


def _compact(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns indices as int32, and numbers as they are."""
    return values.astype(np.int32) if values.dtype == np.int64 else values


def _dtypes(feature: InputFeature) -> dict[str, tf.DType]:
    if feature.kind is FeatureKind.NUMBER:
        return {feature.name: tf.float32, bucket_name(feature.name): tf.int64}
    return {feature.name: tf.int64}


def _previous_of_item(rows: npt.NDArray[np.int32], column: Column) -> npt.NDArray[np.int64]:
    """Returns [num_events] int64: the event before it in its window with its item; -1 if none."""
    window = np.repeat(np.arange(len(column.lengths)), column.lengths)
    keys = window * (np.int64(rows.max(initial=0)) + 1) + rows
    order = np.argsort(keys, kind="stable")
    continues = np.diff(keys[order], prepend=-1) == 0
    previous = np.empty(len(rows), np.int64)
    previous[order] = np.where(continues, np.roll(order, 1), -1)
    return previous
