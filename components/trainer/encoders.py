"""A causal encoder of histories: learned kernels over past positions.

Each head averages the past by a learned kernel of its own, a long convolution as in "Hyena
Hierarchy" (Poli et al., 2023) without gates; kernels start as exponential decays, from the last
event alone to the whole history, as in "Mega" (Ma et al., 2022).
"""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from schemas.errors import InputError
from schemas.model_settings import EncoderSettings

FASTEST_DECAY = 0.3
SLOWEST_DECAY = 0.98


def decay_kernels(num_heads: int, width: int) -> np.ndarray:
    """[num_heads, width] float32: rate^lag, rates evenly from FASTEST to SLOWEST, of length 1.

    Length 1 keeps the variance of unrelated inputs.
    """
    rates = np.linspace(FASTEST_DECAY, SLOWEST_DECAY, num_heads)[:, np.newaxis]
    kernels = rates ** np.arange(width)
    return (kernels / np.linalg.norm(kernels, axis=1, keepdims=True)).astype(np.float32)


class CausalKernels(keras.layers.Layer):
    """Mixes positions: output t is the sum over lags j of kernel[h, j] · input t - j.

    Computed as one product with a lower-triangular Toeplitz matrix a head, on a CPU many times
    faster than a depthwise convolution for the few hundred positions of a history.
    """

    def __init__(self, num_heads: int, width: int):
        """Heads share the channels evenly; `width` is the longest lag plus one."""
        super().__init__(name="kernels")
        self.num_heads = num_heads
        self.width = width
        self.kernels = self.add_weight(
            name="kernels",
            shape=[num_heads, width],
            initializer=keras.initializers.Constant(decay_kernels(num_heads, width)),
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, length, dim] to the same shape."""
        batch, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        heads = tf.reshape(x, [batch, length, self.num_heads, dim // self.num_heads])
        mixed = tf.einsum("hts,bshd->bthd", self._toeplitz(length), heads)
        return tf.reshape(mixed, [batch, length, dim])

    def _toeplitz(self, length: tf.Tensor) -> tf.Tensor:
        """[num_heads, length, length]: kernel[t - s], 0 where t < s or beyond the width."""
        positions = tf.range(length)
        lag = positions[:, tf.newaxis] - positions
        lag = tf.where((lag >= 0) & (lag < self.width), lag, self.width)
        return tf.gather(tf.pad(self.kernels, [[0, 0], [0, 1]]), lag, axis=1)


class EncoderBlock(keras.layers.Layer):
    """A pre-norm residual block: causal kernels, then an MLP."""

    def __init__(self, dim: int, settings: EncoderSettings, name: str):
        """`dim` is the number of channels."""
        super().__init__(name=name)
        dense = keras.layers.Dense
        self.mixer = keras.Sequential(
            [
                keras.layers.LayerNormalization(epsilon=1e-6),
                CausalKernels(settings.num_heads, settings.kernel_width),
                dense(dim),
                keras.layers.Dropout(settings.dropout),
            ],
            name="mixer",
        )
        self.mlp = keras.Sequential(
            [
                keras.layers.LayerNormalization(epsilon=1e-6),
                dense(2 * dim, "gelu"),
                dense(dim),
                keras.layers.Dropout(settings.dropout),
            ],
            name="mlp",
        )

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """[batch, length, dim] to the same shape."""
        x += self.mixer(x, training=training)
        return x + self.mlp(x, training=training)


class CausalEncoder(keras.layers.Layer):
    """States before each event: state t has seen events 0 … t - 1, and nothing later."""

    def __init__(self, dim: int, settings: EncoderSettings):
        """`dim` is the number of channels.

        Raises:
          InputError: The heads do not divide `dim`.
        """
        super().__init__(name="encoder")
        if dim % settings.num_heads:
            raise InputError(
                f"model.dim is {dim} and model.encoder.num_heads is {settings.num_heads}: heads "
                "share the dimensions evenly, so choose a num_heads that divides dim"
            )
        self.dropout = keras.layers.Dropout(settings.dropout)
        self.blocks = [
            EncoderBlock(dim, settings, f"block_{index}") for index in range(settings.num_blocks)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.empty = self.add_weight(
            name="empty", shape=[dim], initializer=keras.initializers.RandomNormal(0, 1.0)
        )

    def call(self, events: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes event vectors.

        Padding belongs behind the events, where no state of an event sees it.

        Args:
          events: [batch, length, dim] float32.
          training: Whether dropout is on.

        Returns:
          [batch, length + 1, dim] float32; state 0, of an empty history, is learned.
        """
        x = self.dropout(events, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        batch, _, dim = tf.unstack(tf.shape(events))
        empty = tf.broadcast_to(self.empty, [batch, 1, dim])
        return tf.concat([empty, self.norm(x)], axis=1)
