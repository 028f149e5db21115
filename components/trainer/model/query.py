"""The query tower: past events and a request to a query embedding."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer.model.dropout import Seed, split
from components.trainer.model.encoders import CausalEncoder
from components.trainer.model.similarity import query_side
from components.trainer.model.towers import ResidualMlp
from components.trainer.plan import ModelPlan
from components.trainer.time.popularity import NUM_FEATURES, POPULARITY_WEIGHTS


class QueryTower(keras.layers.Layer):
    """Past events and requests to query embeddings: matrix products alone, no lookups."""

    def __init__(self, plan: ModelPlan, popularity_weight: float | None):
        """Builds the layers.

        Args:
          plan: Sizes and similarity.
          popularity_weight: What an item's share of all targets counts before training; None where
            items have no popularity features that a query could weigh.
        """
        super().__init__(name="query_tower")
        self.similarity = plan.similarity
        self.encoder = CausalEncoder(plan.dim, plan.encoder)
        self.mlp = ResidualMlp(plan)
        # How much of a taste there is to speak of: little where there is hardly a past.
        self.log_length = keras.layers.Dense(1, kernel_initializer="zeros", name="log_length")
        self.item_weights = None
        if popularity_weight is not None:
            self.cold_weights = self.add_weight(
                name="cold_weights", shape=[NUM_FEATURES], trainable=False
            )
            self.cold_is_plain = self.add_weight(
                name="cold_is_plain", shape=[], initializer="zeros", trainable=False
            )
            # Before it has learnt anything, a query asks for what is popular.
            self.item_weights = keras.layers.Dense(
                NUM_FEATURES,
                kernel_initializer="zeros",
                bias_initializer=keras.initializers.Constant(
                    np.multiply(popularity_weight, POPULARITY_WEIGHTS)
                ),
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
          weights: [NUM_FEATURES] float32, what each counts.
        """
        self.cold_weights.assign(weights)
        self.cold_is_plain.assign(1.0)
