"""The functions that the exported model serves: raw features in, embeddings out.

Both pass through the Transform graphs and the very layers of training, so that training and
serving cannot come apart.
"""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from components.row_table import RowTable
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.columns import Columns, pad_bags
from components.trainer.data.features import InputFeature
from components.trainer.data.repeated_items import edges
from components.trainer.data.windows import ROW
from components.trainer.export.users import UserTable
from components.trainer.model.query_inputs import MISSING_TIMESTAMP, query_inputs
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.time.end_of_train import SettledFeatures
from schemas import features as f
from schemas import serving
from schemas.source_settings import FeatureKind


class QuerySignature:
    """Embeds requests.

    A request becomes a window: its history, and the request itself as one more event, of an
    unknown item. The query is taken at that event, as it is at a training target.

    A run of one item is one event, as in training (`components.trainer.data.repeated_items`).
    History items that the catalogue lacks stay, as an item of which nothing is known: that the
    user did something then, and how long ago, is still informative.
    """

    def __init__(
        self,
        model: TwoTowerModel,
        candidates: CandidateTable,
        transform: keras.Model,
        table: f.FeatureTable,
        max_history: int,
        users: UserTable | None,
    ):
        """Prepares the tables.

        Args:
          model: The trained model.
          candidates: Its candidate table.
          transform: The windows' transform graph as a layer.
          table: The features of requests.
          max_history: How many past events count; older ones are left out.
          users: Fills in user features that a request lacks; None leaves them missing.
        """
        self._model = model
        self._transform = transform
        self._table = table
        self._max_history = max_history
        self._users = users
        self._missing_row = candidates.missing_row
        self._row_of_item = _rows_of_items(candidates)
        # Item features are settled once training ends: histories read them ready-made.
        self._item_vectors = tf.Variable(model.catalogue_vectors(), trainable=False)

    @property
    def resources(self) -> list[Any]:
        """What a SavedModel must track."""
        users = self._users.resources if self._users else []
        return [self._transform, self._row_of_item, self._item_vectors, *users]

    def __call__(self, request: Columns) -> tf.Tensor:
        """Tensors of `schemas.serving.query_specs` to [batch, dim] float32."""
        events = self._events(request)
        if self._model.excludes_history:
            events = self._folded(events)
        batch = self._transformed({**events, **self._user(request)})
        batch[ROW] = self._rows(events[f.ITEM_ID]).to_tensor(self._missing_row)
        inputs = query_inputs(batch, self._model.features)
        item_vectors = tf.gather(self._item_vectors, batch[ROW])
        last = events[f.ITEM_ID].row_lengths() - 1
        positions = tf.stack([tf.range(tf.size(last, tf.int64)), last], axis=1)
        return self._model.queries_of(positions, item_vectors, inputs)

    def _events(self, request: Columns) -> dict[str, tf.RaggedTensor]:
        """The window's raw event columns: the newest events, then the request."""
        user_id = request[f.USER_ID]
        present = tf.not_equal(request[serving.HISTORY_ITEM_ID], serving.PADDING_ITEM_ID)
        now = {
            f.ITEM_ID: tf.zeros_like(user_id),
            f.TIMESTAMP: request[serving.REQUEST_TIMESTAMP],
            f.EVENT_TYPE: tf.zeros_like(user_id),
            f.VALUE: tf.fill(tf.shape(user_id), f.MISSING_NUMBER),
        } | {feature.name: request[feature.name] for feature in self._table.context}
        events = {}
        for name, value in now.items():
            past = tf.ragged.boolean_mask(request[serving.HISTORY_PREFIX + name], present)
            events[name] = tf.concat([past[:, -self._max_history :], value[:, tf.newaxis]], axis=1)
        is_target = tf.zeros_like(events[f.TIMESTAMP].flat_values)
        events[f.IS_TARGET] = events[f.TIMESTAMP].with_flat_values(is_target)
        return events

    def _folded(self, events: dict[str, tf.RaggedTensor]) -> dict[str, tf.RaggedTensor]:
        # Ids tell items apart that the model does not know; the request's own is of no item.
        item = events[f.ITEM_ID]
        first, last = edges(item.flat_values, item.value_rowids())
        outcome = {feature.name for feature in self._model.features.outcome}
        return {
            name: tf.ragged.boolean_mask(
                column, item.with_flat_values(last if name in outcome else first)
            )
            for name, column in events.items()
        }

    def _user(self, request: Columns) -> Columns:
        """User id and raw user features, [batch]."""
        user_id = request[f.USER_ID]
        features = {feature.name: request[feature.name] for feature in self._table.user}
        if self._users is not None:
            features = self._users.filled(user_id, features)
        return {f.USER_ID: user_id, **features}

    def _transformed(self, raw: dict[str, Any]) -> Columns:
        """Transformed columns as training has them: [batch], and of events [batch, length]."""
        inputs = {
            name: value.to_sparse() if isinstance(value, tf.RaggedTensor) else value[:, tf.newaxis]
            for name, value in raw.items()
        }
        outputs = self._transform(inputs)
        features = self._model.features
        single = _dense(outputs, (features.user_id, *features.user))
        missing = dict(MISSING_TIMESTAMP)
        for feature in features.event:
            missing |= feature.missing
        padded = {
            name: tf.sparse.to_dense(outputs[name], tf.cast(value, outputs[name].dtype))
            for name, value in missing.items()
        }
        return {**single, **padded}

    def _rows(self, item_id: tf.RaggedTensor) -> tf.RaggedTensor:
        return item_id.with_flat_values(self._row_of_item.lookup(item_id.flat_values))


class CandidateSignature:
    """Embeds items by their raw features; an id that was trained adds its own embedding."""

    def __init__(
        self,
        model: TwoTowerModel,
        candidates: CandidateTable,
        transform: keras.Model,
        table: f.FeatureTable,
    ):
        """As for `QuerySignature`; `transform` is the catalogue's graph."""
        self._model = model
        self._transform = transform
        self._table = table
        self._row_of_item = _rows_of_items(candidates)
        self._moving = SettledFeatures(model.popularity) if model.popularity else None

    @property
    def resources(self) -> list[Any]:
        """What a SavedModel must track."""
        moving = self._moving.resources if self._moving else []
        return [self._transform, self._row_of_item, *moving]

    def __call__(self, items: Columns) -> tf.Tensor:
        """Tensors of `schemas.serving.candidate_specs` to [batch, dim] float32."""
        rows = self._rows(items)
        return self._embedded(rows, items, self._moving and self._moving(rows))

    def as_of(self, items: Columns) -> Columns:
        """As the call, but ages of items are as of an instant, if it is later than split train.

        Args:
          items: Tensors of `schemas.serving.candidate_as_of_specs`.

        Returns:
          `embedding` [batch, dim] float32, and the instant `as_of_s`, scalar int64 seconds UTC, -1
          where nothing of items moves with time.
        """
        rows = self._rows(items)
        moving, as_of_s = None, tf.constant(f.MISSING_INTEGER, tf.int64)
        if self._moving:
            as_of_s = self._moving.instant_s(items[f.AS_OF])
            moving = self._moving.as_of(rows, items[f.AVAILABLE_AT], as_of_s)
        embedding = self._embedded(rows, items, moving)
        return {serving.OUTPUT_EMBEDDING: embedding, f.AS_OF: as_of_s}

    def _rows(self, items: Columns) -> tf.Tensor:
        return self._row_of_item.lookup(items[f.ITEM_ID])

    def _embedded(self, rows: tf.Tensor, items: Columns, moving: tf.Tensor | None) -> tf.Tensor:
        item_id = items[f.ITEM_ID]
        unknown_time = tf.fill(tf.shape(item_id), tf.constant(f.MISSING_INTEGER, tf.int64))
        raw = {f.ITEM_ID: item_id[:, tf.newaxis], f.AVAILABLE_AT: unknown_time[:, tf.newaxis]}
        for feature in self._table.item:
            value = items[feature.name]
            is_list = feature.kind is FeatureKind.CATEGORIES
            raw[feature.name] = tf.sparse.from_dense(value) if is_list else value[:, tf.newaxis]
        columns = _dense(self._transform(raw), self._model.features.item)
        return self._model.candidates_of(rows, columns, moving)


def _dense(outputs: dict[str, Any], features: tuple[InputFeature, ...]) -> Columns:
    """Single values [batch, 1] as [batch], bags padded to [batch, width]."""
    return {
        name: pad_bags(outputs[name]) if feature.is_bag else outputs[name][:, 0]
        for feature in features
        for name in feature.missing
    }


def _rows_of_items(candidates: CandidateTable) -> RowTable:
    keys = tf.Variable(tf.constant(candidates.item_id, tf.string), trainable=False)
    return RowTable(keys, len(candidates.item_id), default=candidates.missing_row)
