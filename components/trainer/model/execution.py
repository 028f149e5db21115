"""How parts of the model are run: compiled on every core, and in bounded memory."""

from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras

# Items whose embeddings are computed together.
_CATALOGUE_CHUNK = 8192


def compiled_in_halves(layer: keras.layers.Layer) -> Callable[..., tf.Tensor]:
    """A layer compiled by XLA, called on both halves of a batch at once.

    XLA's loops run on one core; two calls keep two cores busy.

    Args:
      layer: Takes tensors whose rows do not depend on each other, and `seed`.
    """
    compiled = tf.function(layer.call, autograph=False, jit_compile=True)

    def call(*inputs: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        half = tf.shape(inputs[0])[0] // 2
        first = compiled(*(x[:half] for x in inputs), seed=seed)
        second_seed = None if seed is None else seed + 1
        return tf.concat([first, compiled(*(x[half:] for x in inputs), seed=second_seed)], 0)

    return call


def in_chunks(embed: Callable[[tf.Tensor], tf.Tensor], num_rows: int) -> tf.Tensor:
    """Embeds rows 0 … num_rows - 1 in bounded memory."""
    starts = range(0, num_rows, _CATALOGUE_CHUNK)
    ends = [min(start + _CATALOGUE_CHUNK, num_rows) for start in starts]
    return tf.concat(
        [embed(tf.range(start, end)) for start, end in zip(starts, ends, strict=True)], 0
    )
