"""Dropout from an explicit seed, so that a compiled step needs no state of its own."""

from typing import TypeAlias

import tensorflow as tf
import tf_keras as keras

# [2] int32; None outside training.
Seed: TypeAlias = tf.Tensor | None


def random_seed() -> tf.Tensor:
    """A seed from TensorFlow's global generator."""
    return tf.random.uniform([2], maxval=tf.int32.max, dtype=tf.int32)


def fold_in(seed: Seed, number: int) -> Seed:
    """Another seed for another layer; None stays None."""
    return None if seed is None else tf.random.experimental.stateless_fold_in(seed, number)


def split(seed: Seed, count: int) -> list[Seed]:
    """Seeds that are independent of each other; of None, so many times None."""
    return [fold_in(seed, number) for number in range(count)]


class SeededDropout(keras.layers.Layer):
    """Zeroes a share of the values and scales up the rest, where a seed is given.

    Keras's own layer keeps a generator's state, which orders the halves of a batch that could run
    side by side, and differs from one run to the next under XLA.
    """

    def __init__(self, rate: float):
        """`rate` is the share of values that are dropped, in [0, 1)."""
        super().__init__(name="dropout")
        self.rate = rate

    def call(self, x: tf.Tensor, seed: Seed = None) -> tf.Tensor:
        """The same shape; unchanged where `seed` is None."""
        if seed is None or self.rate == 0.0:
            return x
        kept = tf.random.stateless_uniform(tf.shape(x), seed) >= self.rate
        return tf.where(kept, x / (1.0 - self.rate), 0.0)
