"""The signatures of the exported model: from raw features to embeddings.

They apply the transform graphs and the layers of training, so that serving computes the same values
as training.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from components.string_lookup import StringLookupTable
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.columns import Columns, pad_bags
from components.trainer.data.consecutive_events import run_boundaries
from components.trainer.data.features import InputFeature
from components.trainer.data.windows import ROW
from components.trainer.export.users import UserTable
from components.trainer.model.query_inputs import MISSING_TIMESTAMP, query_inputs
from components.trainer.model.towers import RetrievalTowers
from components.trainer.time.serving_features import ServingItemFeatures
from schemas import features as f
from schemas import serving
from schemas.source_settings import FeatureKind


class QuerySignature:
    """Embeds requests.

    A request becomes a window: its history, and one more event of the unknown item with the time
    and context of the request. The query is computed at that event, as at a target in training.

    If items of the history are not recommended, consecutive events of one item are merged into one
    event, as in training (`components.trainer.data.consecutive_events`). Items of the history that
    are not in the catalogue remain as events of the unknown item: the number and the times of
    events are informative without their items.
    """

    def __init__(
        self,
        towers: RetrievalTowers,
        candidates: CandidateTable,
        transform: keras.Model,
        table: f.FeatureTable,
        max_history: int,
        users: UserTable | None,
        user_id: Sequence[bytes] = (),
    ):
        """Creates the lookup tables.

        Args:
          towers: The trained towers.
          candidates: Their candidate table.
          transform: The transform graph of the windows, as a layer.
          table: The features of requests.
          max_history: The number of most recent events that are used.
          users: Fills in user features that are missing in a request; None leaves them missing.
          user_id: The users with an index of their own, in the order of their indices. The model
            contains them only if the towers use the index.
        """
        self._towers = towers
        self._transform = transform
        self._table = table
        self._max_history = max_history
        self._users = users
        self._missing_row = candidates.missing_row
        self._row_of_item = _lookup(candidates.item_id, default=candidates.missing_row)
        self._index_of_user = (
            _lookup(user_id, default=len(user_id)) if towers.uses_user_id and user_id else None
        )
        # The vectors of items in histories do not change after training, and are computed once.
        self._item_vectors = tf.Variable(towers.catalogue_item_vectors(), trainable=False)

    @property
    def resources(self) -> list[Any]:
        """The objects that a SavedModel must track."""
        users = self._users.resources if self._users else []
        if self._index_of_user is not None:
            users = [*users, self._index_of_user]
        return [self._transform, self._row_of_item, self._item_vectors, *users]

    def __call__(self, request: Columns) -> tf.Tensor:
        """Returns [batch, width] float32 from the tensors of `serving_specs.query_specs`."""
        events = self._events(request)
        if self._towers.excludes_history:
            events = self._merged(events)
        batch = self._transformed({**events, **self._user(request)})
        batch[ROW] = self._rows(events[f.ITEM_ID]).to_tensor(self._missing_row)
        inputs = query_inputs(batch, self._towers.features)
        item_vectors = tf.gather(self._item_vectors, batch[ROW])
        last = events[f.ITEM_ID].row_lengths() - 1
        positions = tf.stack([tf.range(tf.size(last, tf.int64)), last], axis=1)
        return self._towers.query_embeddings(positions, item_vectors, inputs)

    def _events(self, request: Columns) -> dict[str, tf.RaggedTensor]:
        """Returns the raw event columns of the window: the latest events, then the request."""
        user_id = request[f.USER_ID]
        present = tf.not_equal(request[serving.HISTORY_ITEM_ID], serving.PADDING_ITEM_ID)
        request_event = {
            f.ITEM_ID: tf.zeros_like(user_id),
            f.TIMESTAMP: request[serving.REQUEST_TIMESTAMP],
            f.EVENT_TYPE: tf.zeros_like(user_id),
            f.VALUE: tf.fill(tf.shape(user_id), f.MISSING_NUMBER),
        } | {feature.name: request[feature.name] for feature in self._table.context}
        keys = {feature.name: feature.key for feature in self._table.context}
        events = {}
        for name, value in request_event.items():
            past = tf.ragged.boolean_mask(request[serving.HISTORY_PREFIX + name], present)
            events[keys.get(name, name)] = tf.concat(
                [past[:, -self._max_history :], value[:, tf.newaxis]], axis=1
            )
        is_target = tf.zeros_like(events[f.TIMESTAMP].flat_values)
        events[f.IS_TARGET] = events[f.TIMESTAMP].with_flat_values(is_target)
        return events

    def _merged(self, events: dict[str, tf.RaggedTensor]) -> dict[str, tf.RaggedTensor]:
        # By id, not by row, because items outside the catalogue share one row. The request's own
        # id is empty, and so differs from the last event's.
        item = events[f.ITEM_ID]
        first, last = run_boundaries(item.flat_values, item.value_rowids())
        outcome = {feature.name for feature in self._towers.features.outcome}
        return {
            name: tf.ragged.boolean_mask(
                column, item.with_flat_values(last if name in outcome else first)
            )
            for name, column in events.items()
        }

    def _user(self, request: Columns) -> Columns:
        """Returns the user id and the raw user features, [batch]."""
        user_id = request[f.USER_ID]
        features = {feature.name: request[feature.name] for feature in self._table.user}
        if self._users is not None:
            features = self._users.fill_missing(user_id, features)
        keys = {feature.name: feature.key for feature in self._table.user}
        return {f.USER_ID: user_id, **{keys[name]: value for name, value in features.items()}}

    def _transformed(self, raw: dict[str, Any]) -> Columns:
        """Returns the transformed columns as in training: [batch], events [batch, length]."""
        inputs = {
            name: value.to_sparse() if isinstance(value, tf.RaggedTensor) else value[:, tf.newaxis]
            for name, value in raw.items()
        }
        outputs = self._transform(inputs)
        features = self._towers.features
        single = _dense(outputs, features.user)
        single[f.USER_ID] = self._user_index(raw[f.USER_ID])
        missing = dict(MISSING_TIMESTAMP)
        for feature in features.event:
            missing |= feature.missing
        padded = {
            name: tf.sparse.to_dense(outputs[name], tf.cast(value, outputs[name].dtype))
            for name, value in missing.items()
        }
        return {**single, **padded}

    def _user_index(self, user_id: tf.Tensor) -> tf.Tensor:
        """Returns [batch] int64 indices of users; that of an unknown user if none is used."""
        if self._index_of_user is None:
            unknown = tf.constant(self._towers.features.user_id.num_values, tf.int64)
            return tf.fill(tf.shape(user_id), unknown)
        return tf.cast(self._index_of_user.lookup(user_id), tf.int64)

    def _rows(self, item_id: tf.RaggedTensor) -> tf.RaggedTensor:
        return item_id.with_flat_values(self._row_of_item.lookup(item_id.flat_values))


class CandidateSignature:
    """Embeds items by their raw features, and by their id if it occurs in split train."""

    def __init__(
        self,
        towers: RetrievalTowers,
        candidates: CandidateTable,
        transform: keras.Model,
        table: f.FeatureTable,
    ):
        """Creates the lookup tables.

        Args:
          towers: The trained towers.
          candidates: Their candidate table.
          transform: The transform graph of the catalogue, as a layer.
          table: The features of items.
        """
        self._towers = towers
        self._transform = transform
        self._table = table
        self._row_of_item = _lookup(candidates.item_id, default=candidates.missing_row)
        self._temporal = ServingItemFeatures(towers.popularity) if towers.popularity else None

    @property
    def resources(self) -> list[Any]:
        """The objects that a SavedModel must track."""
        temporal = self._temporal.resources if self._temporal else []
        return [self._transform, self._row_of_item, *temporal]

    def __call__(self, items: Columns) -> tf.Tensor:
        """Returns [batch, width] float32 from the tensors of `serving_specs.candidate_specs`."""
        rows = self._rows(items)
        return self._embedded(rows, items, self._temporal and self._temporal(rows))

    def as_of(self, items: Columns) -> Columns:
        """Embeds items with their ages as of an instant, or the end of split train if it is later.

        Args:
          items: Tensors of `serving_specs.candidate_as_of_specs`.

        Returns:
          `embedding` [batch, width] float32, and the instant `as_of_s`, scalar int64 seconds since
          the epoch, UTC; -1 if the model has no time-dependent item features.
        """
        rows = self._rows(items)
        temporal, as_of_s = None, tf.constant(f.MISSING_INTEGER, tf.int64)
        if self._temporal:
            as_of_s = self._temporal.instant_s(items[f.AS_OF])
            temporal = self._temporal.as_of(rows, items[f.AVAILABLE_AT], as_of_s)
        embedding = self._embedded(rows, items, temporal)
        return {serving.OUTPUT_EMBEDDING: embedding, f.AS_OF: as_of_s}

    def _rows(self, items: Columns) -> tf.Tensor:
        return self._row_of_item.lookup(items[f.ITEM_ID])

    def _embedded(self, rows: tf.Tensor, items: Columns, temporal: tf.Tensor | None) -> tf.Tensor:
        item_id = items[f.ITEM_ID]
        unknown_time = tf.fill(tf.shape(item_id), tf.constant(f.MISSING_INTEGER, tf.int64))
        raw = {f.ITEM_ID: item_id[:, tf.newaxis], f.AVAILABLE_AT: unknown_time[:, tf.newaxis]}
        for feature in self._table.item:
            value = items[feature.name]
            is_list = feature.kind is FeatureKind.CATEGORIES
            raw[feature.key] = tf.sparse.from_dense(value) if is_list else value[:, tf.newaxis]
        columns = _dense(self._transform(raw), self._towers.features.item)
        return self._towers.candidate_embeddings(rows, columns, temporal)


def _dense(outputs: dict[str, Any], features: tuple[InputFeature, ...]) -> Columns:
    """Returns single values [batch, 1] as [batch], and bags padded to [batch, width]."""
    return {
        name: pad_bags(outputs[name]) if feature.is_bag else outputs[name][:, 0]
        for feature in features
        for name in feature.missing
    }


def _lookup(ids: Sequence[bytes] | npt.NDArray[np.object_], default: int) -> StringLookupTable:
    keys = tf.Variable(tf.constant(ids, tf.string), trainable=False)
    return StringLookupTable(keys, len(ids), default)
