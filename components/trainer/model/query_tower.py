"""The query tower: from past events and a request to a query embedding."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from components.trainer.model.dropout import SeededDropout
from components.trainer.model.encoders import CausalEncoder
from components.trainer.model.precision import layers_compute_in_bfloat16
from components.trainer.model.similarity import query_vector
from components.trainer.plan import ModelPlan
from components.trainer.seeds import Seed, split
from components.trainer.time.popularity import NUM_FEATURES, POPULARITY_WEIGHTS


class ResidualMlp(keras.layers.Layer):
    """A two-layer function, which is zero before training and is added to the state."""

    def __init__(self, plan: ModelPlan):
        """`plan` contains the sizes of the layers."""
        super().__init__(name="mlp")
        self.hidden = keras.layers.Dense(plan.hidden_dim, "gelu", name="hidden")
        self.dropout = SeededDropout(plan.encoder.dropout)
        self.output_layer = keras.layers.Dense(plan.dim, kernel_initializer="zeros", name="output")

    def call(self, inputs: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """Returns [..., dim] in the precision of the layer from `inputs` [..., num_inputs]."""
        return self.output_layer(self.dropout(self.hidden(inputs), seed=seed))


class QueryTower(keras.layers.Layer):
    """Computes query embeddings from embedded events and requests, without table lookups.

    XLA compiles this part of a training step.
    """

    def __init__(
        self, plan: ModelPlan, popularity_weight: float | None, mixed_precision: bool = False
    ):
        """Builds the layers.

        Args:
          plan: Sizes and similarity.
          popularity_weight: The weight of an item's log share of all targets before training; None
            if items have no popularity features.
          mixed_precision: Whether encoder and MLP compute in bfloat16. Inputs, weights and queries
            are float32 in any case.
        """
        super().__init__(name="query_tower")
        self.similarity = plan.similarity
        with layers_compute_in_bfloat16(mixed_precision):
            self.encoder = CausalEncoder(plan.dim, plan.encoder)
            self.mlp = ResidualMlp(plan)
        # A learned factor for the length of a query: a user with little history gets a shorter one.
        self.log_length = keras.layers.Dense(1, kernel_initializer="zeros", name="log_length")
        self.item_weights = None
        if popularity_weight is not None:
            self.cold_start_weights = self.add_weight(
                name="cold_start_weights", shape=[NUM_FEATURES], trainable=False
            )
            self.uses_cold_start_weights = self.add_weight(
                name="uses_cold_start_weights", shape=[], initializer="zeros", trainable=False
            )
            # Before training, every query ranks items by popularity.
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
          events: [batch, length, dim] float32 from `EventFeatures`.
          requests: [batch, length, …] float32 from `RequestFeatures`.
          num_past: [batch, length] int32: the number of past events that the query uses. A query
            without past events depends on the request alone.
          seed: The seed of dropout; None outside training.

        Returns:
          [batch, length, width] float32: dim, plus the dimensions that the similarity and the
          weights of time-dependent item features add.
        """
        first, second = split(seed, 2)
        states = tf.cast(self.encoder(events, seed=first), tf.float32)
        states = tf.where(num_past[..., tf.newaxis] > 0, states, 0.0)
        inputs = tf.concat([states, requests], -1)
        # The MLP adds to the states, whose rounding would remain.
        queries = states + tf.cast(self.mlp(inputs, seed=second), tf.float32)
        embeddings = query_vector(queries * tf.exp(self.log_length(inputs)), self.similarity)
        if self.item_weights is None:
            return embeddings
        queries = tf.concat([embeddings, self.item_weights(inputs)], -1)
        cold_start = tf.concat([tf.zeros(tf.shape(embeddings)[-1:]), self.cold_start_weights], 0)
        is_cold_start = (num_past == 0) & (self.uses_cold_start_weights > 0.0)
        return tf.where(is_cold_start[..., tf.newaxis], cold_start, queries)

    def set_cold_start_weights(self, weights: npt.NDArray[np.float32]) -> None:
        """Makes every query without past events rank items by time-dependent features alone.

        Args:
          weights: [NUM_FEATURES] float32: the weight of each feature.
        """
        self.cold_start_weights.assign(weights)
        self.uses_cold_start_weights.assign(1.0)

    def clear_cold_start_weights(self) -> None:
        """Undoes `set_cold_start_weights`, if items have popularity features."""
        if self.item_weights is not None:
            self.uses_cold_start_weights.assign(0.0)
