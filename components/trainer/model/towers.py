"""Layers of the query tower: past events and requests as vectors."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.columns import Columns
from components.trainer.data.features import TowerFeatures
from components.trainer.model.dropout import Seed, SeededDropout
from components.trainer.model.embeddings import FeatureEmbedding, embedding
from components.trainer.plan import ModelPlan
from components.trainer.time import time_features as times
from schemas.features import TIMESTAMP


class ResidualMlp(keras.layers.Layer):
    """Adds to `x` a two-layer function of `inputs`, which is zero before training."""

    def __init__(self, plan: ModelPlan):
        """`plan` gives the sizes of the layers."""
        super().__init__(name="mlp")
        self.hidden = keras.layers.Dense(plan.hidden_dim, "gelu", name="hidden")
        self.dropout = SeededDropout(plan.encoder.dropout)
        self.output_layer = keras.layers.Dense(plan.dim, kernel_initializer="zeros", name="output")

    def call(self, x: tf.Tensor, inputs: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """X [..., dim], inputs [..., num_inputs] to [..., dim] float32."""
        return x + self.output_layer(self.dropout(self.hidden(inputs), seed=seed))


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
        # At first an event is its item alone: what is random about the rest would outweigh it.
        self.projection = keras.layers.Dense(
            plan.dim, use_bias=False, kernel_initializer="zeros", name="projection"
        )

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
