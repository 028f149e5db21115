"""Compiles a layer by XLA so that it runs on several cores."""

from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras


def compiled_in_halves(layer: keras.layers.Layer) -> Callable[..., tf.Tensor]:
    """Returns a function that runs a layer, compiled by XLA, on both halves of a batch in parallel.

    The loops that XLA generates run on one core; two calls use two cores.

    Args:
      layer: Takes tensors whose rows are independent of each other, and `seed`.
    """
    compiled = tf.function(layer.call, autograph=False, jit_compile=True)

    def call(*inputs: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        half = tf.shape(inputs[0])[0] // 2
        first = compiled(*(x[:half] for x in inputs), seed=seed)
        second_seed = None if seed is None else seed + 1
        return tf.concat([first, compiled(*(x[half:] for x in inputs), seed=second_seed)], 0)

    return call
