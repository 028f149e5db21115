"""The query tower and the candidate tower, from input features to embeddings."""

from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.candidates import CandidateTable
from components.trainer.data.columns import Columns
from components.trainer.data.features import TowerFeatures
from components.trainer.data.id_rows import IdRows
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.model.item_tower import ItemTower
from components.trainer.model.query_features import EventFeatures, RequestFeatures
from components.trainer.model.query_inputs import QueryInputs
from components.trainer.model.query_tower import QueryTower
from components.trainer.model.similarity import (
    candidate_to_query,
    candidate_vector,
    vector_width,
)
from components.trainer.plan import ModelPlan
from components.trainer.seeds import Seed
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import NUM_PERIODS
from components.trainer.time.time_features import previous_timestamps
from schemas.features import MISSING_INTEGER, TIMESTAMP

# Items that are embedded at a time, which bounds the memory.
_CATALOGUE_CHUNK = 8192
_ROWS = (tf.TensorSpec([None], tf.int32),)


class RetrievalTowers(keras.layers.Layer):
    """A query tower over user, history and request; a candidate tower over item id and content.

    The score of a candidate for a query is the dot product of their embeddings.

    Attributes:
      features: The input features of both towers.
      num_items: The number of items in the catalogue.
      width: The size of a query embedding and of a candidate embedding.
      popularity: Time-dependent item features; None if the model does not use them.
      excludes_history: Whether items of the history are never recommended. If so, consecutive
        events of one item in a history are merged into one event.
      uses_user_id: Whether the user's index is an input of the query tower.
      item_rows: The rows of the items of the vocabulary in the tables of item ids.
      user_rows: The rows of the users of the vocabulary in the table of user ids.
    """

    def __init__(
        self,
        features: TowerFeatures,
        candidates: CandidateTable,
        ids: IdVocabularies,
        dynamics: ItemDynamics,
        plan: ModelPlan,
        id_dropout: float,
        temperature: float = 1.0,
        excludes_history: bool = True,
        mixed_precision: bool = False,
    ):
        """Builds the layers.

        Args:
          features: The input features of both towers.
          candidates: The candidate table.
          ids: The ids of items and users with an index of their own, the most frequent first.
          dynamics: Time-dependent item features, and the times at which items appear.
          plan: Sizes and parts of the towers.
          id_dropout: The share of item ids that are dropped in training.
          temperature: The temperature of the loss: the initial scores are popularity times it.
          excludes_history: Whether items of the history are never recommended.
          mixed_precision: Whether the query tower computes in bfloat16.

        Raises:
          InputError: `model.encoder.num_heads` does not divide `model.dim`.
        """
        super().__init__(name="towers")
        self.features = features
        self.num_items = len(candidates)
        self.popularity = dynamics.popularity
        self.excludes_history = excludes_history
        self.uses_user_id = plan.user_id_embedding
        self.similarity = plan.similarity
        self.num_temporal = dynamics.num_features
        self.width = vector_width(plan.dim, plan.similarity) + self.num_temporal
        self._columns = {name: tf.constant(c) for name, c in candidates.columns.items()}
        self.item_rows = IdRows(ids.items, plan.max_item_ids)
        self.user_rows = IdRows(ids.users, plan.max_user_ids)
        self.items = ItemTower(features.item, self.item_rows, plan, id_dropout)
        self.event_features = EventFeatures(features, plan)
        self.request_features = RequestFeatures(features, plan, self.user_rows)
        self.query_tower = QueryTower(
            plan, temperature if self.popularity else None, mixed_precision
        )

    @property
    def id_rows(self) -> dict[str, IdRows]:
        """The rows of the tables of ids that the towers have, by `items` and `users`."""
        users = {"users": self.user_rows} if self.uses_user_id else {}
        return {"items": self.item_rows, **users}

    def item_vectors(self, rows: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """Returns the [num_items, dim] float32 vectors of items in histories.

        Args:
          rows: [num_items] int32 rows of the candidate table, its size for the unknown item.
          seed: The seed by which ids are dropped at random; None outside training.
        """
        return self.items.of_history(rows, self.item_columns(rows), seed=seed)

    def item_columns(self, rows: tf.Tensor) -> Columns:
        """Returns the item features of rows of the candidate table."""
        return {name: tf.gather(column, rows) for name, column in self._columns.items()}

    def query_tower_inputs(
        self, item_vectors: tf.Tensor, inputs: QueryInputs, without_history: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Embeds events and requests.

        Args:
          item_vectors: [batch, length, dim] float32 `item_vectors` of the events.
          inputs: The windows.
          without_history: [batch] bool: the windows whose queries use no past events.

        Returns:
          The arguments of `QueryTower`: events, requests, and the number of past events.
        """
        events = self.event_features(item_vectors, inputs.history)
        hidden = without_history[:, tf.newaxis]
        unknown_s = tf.constant(MISSING_INTEGER, tf.int64)
        previous_s = previous_timestamps(inputs.history[TIMESTAMP])
        previous_s = tf.where(hidden, unknown_s, previous_s)
        num_past = tf.where(hidden, 0, tf.range(tf.shape(item_vectors)[1])[tf.newaxis])
        requests = self.request_features(inputs.user, inputs.request, previous_s, num_past)
        return events, requests, num_past

    def query_embeddings(
        self, positions: tf.Tensor, item_vectors: tf.Tensor, inputs: QueryInputs
    ) -> tf.Tensor:
        """Embeds the requests at the given events of windows.

        Args:
          positions: [num_queries, 2] int64: window and event.
          item_vectors: [batch, length, dim] float32 `item_vectors` of the events.
          inputs: The windows.

        Returns:
          [num_queries, width] float32.
        """
        without_history = tf.zeros(tf.shape(item_vectors)[:1], tf.bool)
        embedded = self.query_tower_inputs(item_vectors, inputs, without_history)
        return tf.gather_nd(self.query_tower(*embedded), positions)

    def candidate_embeddings(
        self, rows: tf.Tensor, columns: Columns, temporal: tf.Tensor | None
    ) -> tf.Tensor:
        """Embeds items as candidates, whether or not they are in the candidate table.

        Args:
          rows: [num_items] int32 rows of the candidate table, its size for an unknown item.
          columns: The features of the items.
          temporal: [num_items, NUM_FEATURES] float32 time-dependent features; None if the model
            does not use them.

        Returns:
          [num_items, width] float32.
        """
        embeddings = candidate_vector(self.items.of_candidates(rows, columns), self.similarity)
        return embeddings if temporal is None else tf.concat([embeddings, temporal], -1)

    def candidate_item_vectors(
        self, rows: tf.Tensor, item_vectors: tf.Tensor, seed: Seed
    ) -> tf.Tensor:
        """Returns the [num_items, dim] float32 vectors of the items of a step as candidates.

        Args:
          rows: [num_items] int32 rows of the candidate table.
          item_vectors: [num_items, dim] float32 `item_vectors` of the same rows. They are the
            result if histories and candidates share one table.
          seed: The seed by which ids are dropped at random; None outside training.
        """
        if self.items.is_shared:
            return item_vectors
        return self.items.of_candidates(rows, self.item_columns(rows), seed=seed)

    def similar_item_queries(self, embeddings: tf.Tensor) -> tf.Tensor:
        """Converts candidate embeddings to queries for similar items, [num_items, width] both.

        The weights of the time-dependent features are 0: popular items are not similar items.
        """
        content = embeddings[:, : self.width - self.num_temporal]
        queries = candidate_to_query(content, self.similarity)
        return tf.pad(queries, [[0, 0], [0, self.num_temporal]])

    def temporal_features(self) -> tf.Tensor | None:
        """Returns the time-dependent item features as of the end of split train.

        Returns:
          [num_items + 1, NUM_FEATURES] float32, the unknown item last; None if the model does not
          use them.
        """
        if self.popularity is None:
            return None
        return self.popularity.features(tf.constant(NUM_PERIODS), tf.range(self.num_items + 1))

    def catalogue_item_vectors(self) -> tf.Tensor:
        """Returns the [num_items + 1, dim] float32 `item_vectors`, the unknown item last."""
        return _in_chunks(self._vectors, self.num_items + 1)

    def catalogue_embeddings(self, max_items: int | None = None) -> tf.Tensor:
        """Returns the [num_items, width] float32 candidate embeddings as of the end of train.

        Args:
          max_items: Embeds only the first items, which are the most frequent; None embeds all.
        """
        num_items = self.num_items if max_items is None else min(max_items, self.num_items)
        return _in_chunks(self._embeddings, num_items)

    @tf.function(input_signature=_ROWS, autograph=False)
    def _vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return self.item_vectors(rows)

    @tf.function(input_signature=_ROWS, autograph=False)
    def _embeddings(self, rows: tf.Tensor) -> tf.Tensor:
        temporal = self.popularity and self.popularity.features(tf.constant(NUM_PERIODS), rows)
        return self.candidate_embeddings(rows, self.item_columns(rows), temporal)


def _in_chunks(embed: Callable[[tf.Tensor], tf.Tensor], num_rows: int) -> tf.Tensor:
    """Embeds rows 0 … num_rows - 1, _CATALOGUE_CHUNK at a time."""
    starts = range(0, num_rows, _CATALOGUE_CHUNK)
    ends = [min(start + _CATALOGUE_CHUNK, num_rows) for start in starts]
    return tf.concat(
        [embed(tf.range(start, end)) for start, end in zip(starts, ends, strict=True)], 0
    )
