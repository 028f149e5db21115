"""The two towers: layers of their own above one table of items, into one embedding space."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer import times
from components.trainer.dropout import Seed, SeededDropout, split
from components.trainer.embeddings import Columns, FeatureEmbedding, embedding
from components.trainer.encoders import CausalEncoder
from components.trainer.features import InputFeature, TowerFeatures
from components.trainer.plan import ModelPlan
from components.trainer.popularity import POPULARITY_WEIGHTS
from components.trainer.similarity import candidate_side, query_side
from schemas.features import TIMESTAMP


class ItemFeatures(keras.layers.Layer):
    """An item as the sum of its id embedding and a projection of each of its features.

    Histories and candidates share it by default. Items that training never saw share one id
    embedding, the cold one. In training it stands in for a share of the other ids as well
    (DropoutNet, Volkovs et al., 2017), so that content alone learns to carry an item.
    """

    def __init__(
        self,
        features: tuple[InputFeature, ...],
        num_vocabulary: int,
        plan: ModelPlan,
        id_dropout: float,
        name: str = "item_features",
    ):
        """`num_vocabulary` items have an id embedding; `id_dropout` is ignored without features."""
        super().__init__(name=name)
        self.num_vocabulary = num_vocabulary
        self.id_dropout = id_dropout if features else 0.0
        self.ids = embedding(num_vocabulary + 1, plan.dim, "ids")
        self.embeddings = [FeatureEmbedding(feature, plan.feature_dim) for feature in features]
        self.projections = [
            keras.layers.Dense(plan.dim, use_bias=False, name=f"{feature.name}_projection")
            for feature in features
        ]

    def call(self, rows: tf.Tensor, columns: Columns, training: bool = False) -> tf.Tensor:
        """Embeds items.

        Args:
          rows: [num_items] int32 rows of the candidate table; all rows outside the vocabulary are
            the cold one.
          columns: The items' features, [num_items] or for bags [num_items, width].
          training: Whether ids are dropped at random.

        Returns:
          [num_items, dim] float32.
        """
        ids = tf.minimum(rows, self.num_vocabulary)
        if training and self.id_dropout:
            dropped = tf.random.uniform(tf.shape(ids)) < self.id_dropout
            ids = tf.where(dropped, self.num_vocabulary, ids)
        x = self.ids(ids)
        for embed, project in zip(self.embeddings, self.projections, strict=True):
            x += project(embed(columns))
        return x


class ResidualMlp(keras.layers.Layer):
    """Adds to `x` a two-layer function of `inputs`, which is zero before training."""

    def __init__(self, plan: ModelPlan, name: str):
        """`plan` gives the sizes of the layers."""
        super().__init__(name=name)
        self.hidden = keras.layers.Dense(plan.hidden_dim, "gelu", name="hidden")
        self.dropout = SeededDropout(plan.encoder.dropout)
        self.output_layer = keras.layers.Dense(plan.dim, kernel_initializer="zeros", name="output")

    def call(self, x: tf.Tensor, inputs: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """x [..., dim], inputs [..., num_inputs] to [..., dim] float32."""
        return x + self.output_layer(self.dropout(self.hidden(inputs), seed=seed))


class CandidateTower(keras.layers.Layer):
    """Item vectors to candidate embeddings."""

    def __init__(self, plan: ModelPlan):
        """`plan` gives the sizes of the layers and the similarity."""
        super().__init__(name="candidate_tower")
        # Item vectors are about one long; layers expect about one per channel.
        self.scale = plan.dim**0.5
        self.similarity = plan.similarity
        self.mlp = ResidualMlp(plan, "mlp")

    def call(self, vectors: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """[num_items, dim] item vectors to float32 embeddings of `similarity.width(dim)` each."""
        return candidate_side(self.mlp(vectors, vectors * self.scale, seed=seed), self.similarity)


class EventFeatures(keras.layers.Layer):
    """A past event as one vector: its item, type, value, context and the time since the last."""

    def __init__(self, features: TowerFeatures, plan: ModelPlan):
        """`features.event` and the timestamp are what a past event has besides its item."""
        super().__init__(name="event_features")
        self.scale = plan.dim**0.5
        self.embeddings = [
            FeatureEmbedding(feature, plan.feature_dim) for feature in features.event
        ]
        self.gap = embedding(times.GAP_BUCKETS + 1, plan.feature_dim, "gap")
        self.projection = keras.layers.Dense(plan.dim, use_bias=False, name="projection")

    def call(self, item_vectors: tf.Tensor, history: Columns) -> tf.Tensor:
        """Embeds the events of histories.

        Args:
          item_vectors: [batch, length, dim] of the events' items.
          history: `timestamp` int64 seconds and the event features, [batch, length].

        Returns:
          [batch, length, dim] float32.
        """
        timestamp = history[TIMESTAMP]
        parts = [embed(history) for embed in self.embeddings]
        parts.append(self.gap(times.gap_bucket(timestamp, times.shifted(timestamp))))
        return item_vectors * self.scale + self.projection(tf.concat(parts, -1)) * self.scale


class RequestFeatures(keras.layers.Layer):
    """What is known when a request arrives besides the history, as one vector."""

    def __init__(self, features: TowerFeatures, plan: ModelPlan):
        """The user's id is embedded only where `plan.user_id_embedding`."""
        super().__init__(name="request_features")
        dim = plan.feature_dim
        ids = (features.user_id,) if plan.user_id_embedding else ()
        self.user = [FeatureEmbedding(feature, dim) for feature in (*ids, *features.user)]
        self.context = [FeatureEmbedding(feature, dim) for feature in features.context]
        self.hour = embedding(times.HOURS + 1, dim, "hour")
        self.day = embedding(times.DAYS + 1, dim, "day")
        self.gap = embedding(times.GAP_BUCKETS + 1, dim, "gap")
        self.scale = dim**0.5

    def call(
        self, user: Columns, request: Columns, previous_s: tf.Tensor, num_past: tf.Tensor
    ) -> tf.Tensor:
        """Embeds requests.

        Args:
          user: User id and user features, [batch].
          request: `timestamp` int64 seconds and context features, [batch, length].
          previous_s: [batch, length] int64 seconds, the last past event's.
          num_past: [batch, length] int32: past events that the query sees.

        Returns:
          [batch, length, num_features · feature_dim + 2] float32.
        """
        timestamp = request[TIMESTAMP]
        parts = [embed(request) for embed in self.context]
        parts.append(self.hour(times.hour_of_day(timestamp)))
        parts.append(self.day(times.day_of_week(timestamp)))
        parts.append(self.gap(times.gap_bucket(timestamp, previous_s)))
        if self.user:
            vector = tf.concat([embed(user) for embed in self.user], -1)[:, tf.newaxis]
            parts.append(tf.repeat(vector, tf.shape(timestamp)[1], axis=1))
        # Smooth in the number, so that the many short histories teach what to do with none.
        past = tf.cast(num_past, tf.float32)[..., tf.newaxis]
        return tf.concat(
            [tf.concat(parts, -1) * self.scale, tf.math.log1p(past), 1 / (1 + past)], -1
        )


class QueryTower(keras.layers.Layer):
    """Past events and requests to query embeddings: matrix products alone, no lookups."""

    def __init__(self, plan: ModelPlan, num_item_features: int):
        """Queries weigh `num_item_features` features of items besides their embeddings."""
        super().__init__(name="query_tower")
        self.similarity = plan.similarity
        self.encoder = CausalEncoder(plan.dim, plan.encoder)
        self.mlp = ResidualMlp(plan, "mlp")
        # How much of a taste there is to speak of: little where there is hardly a past.
        self.log_length = keras.layers.Dense(1, kernel_initializer="zeros", name="log_length")
        self.item_weights = None
        if num_item_features:
            self.cold_weights = self.add_weight(
                name="cold_weights", shape=[num_item_features], trainable=False
            )
            self.cold_is_plain = self.add_weight(
                name="cold_is_plain", shape=[], initializer="zeros", trainable=False
            )
            # Before it has learnt anything, a query asks for what is popular.
            self.item_weights = keras.layers.Dense(
                num_item_features,
                kernel_initializer="zeros",
                bias_initializer=keras.initializers.Constant(POPULARITY_WEIGHTS),
                name="item_weights",
            )

    def call(
        self,
        events: tf.Tensor,
        requests: tf.Tensor,
        num_past: tf.Tensor,
        seed: Seed = None,
    ) -> tf.Tensor:
        """Embeds the request at each event.

        Args:
          events: [batch, length, dim] float32 of `EventFeatures`.
          requests: [batch, length, …] float32 of `RequestFeatures`.
          num_past: [batch, length] int32: past events that a query sees; where there are none,
            it is made of the request alone.
          seed: Of dropout; None outside training.

        Returns:
          [batch, length, dim] float32; a similarity and weights on item features make it wider.
        """
        first, second = split(seed, 2)
        states = self.encoder(events, seed=first)
        states = tf.where(num_past[..., tf.newaxis] > 0, states, 0.0)
        known = tf.concat([states, requests], -1)
        queries = self.mlp(states, known, seed=second)
        embeddings = query_side(queries * tf.exp(self.log_length(known)), self.similarity)
        if self.item_weights is None:
            return embeddings
        queries = tf.concat([embeddings, self.item_weights(known)], -1)
        plain = tf.concat([tf.zeros(tf.shape(embeddings)[-1:]), self.cold_weights], 0)
        is_plain = (num_past == 0) & (self.cold_is_plain > 0.0)
        return tf.where(is_plain[..., tf.newaxis], plain, queries)

    def answer_cold_by(self, weights: np.ndarray) -> None:
        """Answers queries without a past by features of items alone.

        Args:
          weights: [num_item_features] float32, what each counts.
        """
        self.cold_weights.assign(weights)
        self.cold_is_plain.assign(1.0)
