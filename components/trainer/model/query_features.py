"""Embeds past events and requests, the inputs of the query tower."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.data.columns import Columns
from components.trainer.data.features import TowerFeatures
from components.trainer.data.id_rows import IdRows
from components.trainer.model.embeddings import FeatureEmbedding, embedding
from components.trainer.plan import ModelPlan
from components.trainer.time import time_features
from schemas.features import TIMESTAMP


class EventFeatures(keras.layers.Layer):
    """Embeds a past event: its item, type, value, context and the time since the event before."""

    def __init__(self, features: TowerFeatures, plan: ModelPlan):
        """Builds an embedding for each of `features.event` and for the time."""
        super().__init__(name="event_features")
        self.scale = plan.dim**0.5
        self.embeddings = [
            FeatureEmbedding(feature, plan.feature_dim) for feature in features.event
        ]
        self.gap = embedding(time_features.GAP_BUCKETS + 1, plan.feature_dim, "gap")
        # Before training an event is its item alone. The random initial embeddings of the other
        # features would dominate it.
        self.projection = keras.layers.Dense(
            plan.dim, use_bias=False, kernel_initializer="zeros", name="projection"
        )

    def call(self, item_vectors: tf.Tensor, history: Columns) -> tf.Tensor:
        """Embeds the events of histories.

        Args:
          item_vectors: [batch, length, dim] float32 embeddings of the items of the events.
          history: `timestamp` int64 seconds and the event features, [batch, length].

        Returns:
          [batch, length, dim] float32.
        """
        timestamp = history[TIMESTAMP]
        parts = [embed(history) for embed in self.embeddings]
        previous_s = time_features.previous_timestamps(timestamp)
        parts.append(self.gap(time_features.gap_bucket(timestamp, previous_s)))
        return item_vectors * self.scale + self.projection(tf.concat(parts, -1)) * self.scale


class RequestFeatures(keras.layers.Layer):
    """Embeds a request: user, context, time, and the number of past events."""

    def __init__(self, features: TowerFeatures, plan: ModelPlan, user_rows: IdRows):
        """Builds an embedding for each feature; for the user's id if `plan.user_id_embedding`.

        Args:
          features: The input features of the towers.
          plan: Sizes and parts of the towers.
          user_rows: The rows of the users of the vocabulary in the table of ids.
        """
        super().__init__(name="request_features")
        dim = plan.feature_dim
        self.user = [FeatureEmbedding(feature, dim) for feature in features.user]
        if plan.user_id_embedding:
            self.user.insert(0, FeatureEmbedding(features.user_id, dim, user_rows))
        self.context = [FeatureEmbedding(feature, dim) for feature in features.context]
        self.hour = embedding(time_features.HOURS + 1, dim, "hour")
        self.day = embedding(time_features.DAYS + 1, dim, "day")
        self.gap = embedding(time_features.GAP_BUCKETS + 1, dim, "gap")
        self.scale = dim**0.5

    def call(
        self, user: Columns, request: Columns, previous_s: tf.Tensor, num_past: tf.Tensor
    ) -> tf.Tensor:
        """Embeds requests.

        Args:
          user: User id and user features, [batch].
          request: `timestamp` int64 seconds and context features, [batch, length].
          previous_s: [batch, length] int64 seconds: the time of the last past event.
          num_past: [batch, length] int32: the number of past events that the query uses.

        Returns:
          [batch, length, num_features · feature_dim + 2] float32.
        """
        timestamp = request[TIMESTAMP]
        parts = [embed(request) for embed in self.context]
        parts.append(self.hour(time_features.hour_of_day(timestamp)))
        parts.append(self.day(time_features.day_of_week(timestamp)))
        parts.append(self.gap(time_features.gap_bucket(timestamp, previous_s)))
        if self.user:
            vector = tf.concat([embed(user) for embed in self.user], -1)[:, tf.newaxis]
            parts.append(tf.repeat(vector, tf.shape(timestamp)[1], axis=1))
        # Smooth functions of the number, so that the many short histories also train the response
        # to an empty history.
        past = tf.cast(num_past, tf.float32)[..., tf.newaxis]
        return tf.concat(
            [tf.concat(parts, -1) * self.scale, tf.math.log1p(past), 1 / (1 + past)], -1
        )
