"""The query tower: past events and a request to a query embedding."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer.dropout import Seed, split
from components.trainer.encoders import CausalEncoder
from components.trainer.plan import ModelPlan
from components.trainer.popularity import NUM_FEATURES, POPULARITY_WEIGHTS
from components.trainer.similarity import query_side
from components.trainer.towers import ResidualMlp

_NUM_LAGS = 10
_FASTEST_DECAY = 0.05
_SLOWEST_DECAY = 0.95


class LastItems(keras.layers.Layer):
    """What follows the last items: a sum of vectors of theirs, by learned weights for each lag.

    A factorised Markov chain of high order, as in "Fusing Similarity Models with Markov Chains for
    Sparse Sequential Recommendation" (He and McAuley, 2016): an item leads to the same candidates
    wherever it stands, which an encoder has to learn for each place anew. Each channel has weights
    of its own: a sequel is wanted for longer than what is alike.
    """

    def __init__(self, dim: int):
        """`dim` is the number of channels."""
        super().__init__(name="last_items")
        rates = np.linspace(_FASTEST_DECAY, _SLOWEST_DECAY, dim)
        self.kernel = self.add_weight(
            name="kernel",
            shape=[_NUM_LAGS, dim],
            initializer=keras.initializers.Constant(rates ** np.arange(_NUM_LAGS)[:, np.newaxis]),
        )

    def call(self, followers: tf.Tensor) -> tf.Tensor:
        """[batch, length, dim] of events to [batch, length, dim]: sums over those before each."""
        length = tf.shape(followers)[1]
        padded = tf.pad(followers, [[0, 0], [_NUM_LAGS, 0], [0, 0]])
        terms = [
            padded[:, _NUM_LAGS - lag : _NUM_LAGS - lag + length] * weights
            for lag, weights in enumerate(tf.unstack(self.kernel), start=1)
        ]
        return tf.add_n(terms)


class QueryTower(keras.layers.Layer):
    """Past events and requests to query embeddings: matrix products alone, no lookups."""

    def __init__(self, plan: ModelPlan, weighs_popularity: bool):
        """Queries may weigh the popularity features of items besides their embeddings."""
        super().__init__(name="query_tower")
        self.similarity = plan.similarity
        self.encoder = CausalEncoder(plan.dim, plan.encoder)
        self.mlp = ResidualMlp(plan, "mlp")
        self.last_items = LastItems(plan.dim)
        # How much of a taste there is to speak of: little where there is hardly a past.
        self.log_length = keras.layers.Dense(1, kernel_initializer="zeros", name="log_length")
        self.item_weights = None
        if weighs_popularity:
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
                bias_initializer=keras.initializers.Constant(POPULARITY_WEIGHTS),
                name="item_weights",
            )

    def call(
        self,
        events: tf.Tensor,
        followers: tf.Tensor,
        requests: tf.Tensor,
        num_past: tf.Tensor,
        seed: Seed = None,
    ) -> tf.Tensor:
        """Embeds the request at each event.

        Args:
          events: [batch, length, dim] float32 of `EventFeatures`.
          followers: [batch, length, dim] float32: what tends to follow each event's item.
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
        queries *= tf.exp(self.log_length(known))
        queries += tf.where(num_past[..., tf.newaxis] > 0, self.last_items(followers), 0.0)
        embeddings = query_side(queries, self.similarity)
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
