"""Dropout from an explicit seed, so that a compiled step needs no random state."""

import tensorflow as tf
import tf_keras as keras

from components.trainer.seeds import Seed


class SeededDropout(keras.layers.Layer):
    """Sets a share of the values to zero and scales up the rest, if a seed is given.

    Keras's own dropout layer keeps the state of a generator. The state would put the two halves of
    a batch into sequence, and XLA would give other random numbers.
    """

    def __init__(self, rate: float):
        """`rate` is the share of values that are set to zero, in [0, 1)."""
        super().__init__(name="dropout")
        self.rate = rate

    def call(self, x: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """Returns a tensor of the same shape; `x` itself if `seed` is None."""
        if seed is None or self.rate == 0.0:
            return x
        kept = tf.random.stateless_uniform(tf.shape(x), seed) >= self.rate
        return tf.where(kept, x / (1.0 - self.rate), 0.0)
