"""How an encoder's block mixes past positions: four ways, one interface.

A mixer takes [batch, length, dim] and gives the same shape; output t depends on inputs 0 … t.
"""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer.plan import EncoderPlan

FASTEST_DECAY = 0.3
SLOWEST_DECAY = 0.98
_NEVER = -1e9


def lags(length: tf.Tensor) -> tf.Tensor:
    """[length, length] int32: how far position s (column) lies behind position t (row)."""
    positions = tf.range(length)
    return positions[:, tf.newaxis] - positions


def decay_kernels(num_heads: int, width: int) -> np.ndarray:
    """[num_heads, width] float32: rate^lag, rates evenly from FASTEST to SLOWEST, of length 1.

    Length 1 keeps the variance of unrelated inputs.
    """
    rates = np.linspace(FASTEST_DECAY, SLOWEST_DECAY, num_heads)[:, np.newaxis]
    kernels = rates ** np.arange(width)
    return (kernels / np.linalg.norm(kernels, axis=1, keepdims=True)).astype(np.float32)


def _by_head(weights: tf.Tensor, x: tf.Tensor, num_heads: int) -> tf.Tensor:
    """Weights [heads, length, length] times x [batch, length, dim], heads sharing the channels.

    One matrix product a head over all windows: on a CPU many times faster than a depthwise
    convolution for the few hundred positions of a history.
    """
    batch, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
    size = dim // num_heads
    heads = tf.transpose(tf.reshape(x, [batch, length, num_heads, size]), [2, 1, 0, 3])
    mixed = tf.matmul(weights, tf.reshape(heads, [num_heads, length, batch * size]))
    mixed = tf.transpose(tf.reshape(mixed, [num_heads, length, batch, size]), [2, 1, 0, 3])
    return tf.reshape(mixed, [batch, length, dim])


class Mean(keras.layers.Layer):
    """The plain mean of all positions so far, as in "Deep Neural Networks for YouTube
    Recommendations" (Covington et al., 2016).
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, length, dim] to the same shape."""
        lag = lags(tf.shape(x)[1])
        is_past = tf.cast(lag >= 0, x.dtype)
        weights = is_past / tf.reduce_sum(is_past, axis=1, keepdims=True)
        return _by_head(weights[tf.newaxis], x, 1)


class Decayed(keras.layers.Layer):
    """A weighted mean of all positions so far; weights fall with the lag at a learned rate a head.

    Recency weights as in "Mega: Moving Average Equipped Gated Attention" (Ma et al., 2022).
    """

    def __init__(self, num_heads: int):
        """Heads share the channels evenly."""
        super().__init__(name="decayed")
        self.num_heads = num_heads
        rates = np.linspace(FASTEST_DECAY, SLOWEST_DECAY, num_heads)
        self.logits = self.add_weight(
            name="logits",
            shape=[num_heads],
            initializer=keras.initializers.Constant(np.log(rates / (1.0 - rates))),
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, length, dim] to the same shape."""
        lag = lags(tf.shape(x)[1])
        log_rate = tf.math.log_sigmoid(self.logits)[:, tf.newaxis, tf.newaxis]
        scores = tf.where(lag >= 0, log_rate * tf.cast(lag, x.dtype), _NEVER)
        return _by_head(tf.nn.softmax(scores), x, self.num_heads)


class Kernels(keras.layers.Layer):
    """Output t is the sum over lags j of kernel[h, j] · input t - j, kernels learned freely.

    A long convolution as in "Hyena Hierarchy" (Poli et al., 2023) without gates; the kernels start
    as exponential decays, from the last event alone to the whole history, as in "Mega" (Ma et al.,
    2022).
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
        lag = lags(tf.shape(x)[1])
        lag = tf.where((lag >= 0) & (lag < self.width), lag, self.width)
        toeplitz = tf.gather(tf.pad(self.kernels, [[0, 0], [0, 1]]), lag, axis=1)
        return _by_head(toeplitz, x, self.num_heads)


class Attention(keras.layers.Layer):
    """Causal self-attention with a learned bias for each lag, the last of them for all beyond.

    As in "Self-Attentive Sequential Recommendation" (Kang and McAuley, 2018), with the relative
    positions of T5 (Raffel et al., 2020).
    """

    def __init__(self, dim: int, num_heads: int, num_lags: int):
        """Heads share the `dim` channels evenly."""
        super().__init__(name="attention")
        self.num_heads = num_heads
        self.num_lags = num_lags
        self.projection = keras.layers.Dense(3 * dim, use_bias=False, name="projection")
        self.lag_bias = self.add_weight(
            name="lag_bias", shape=[num_heads, num_lags], initializer="zeros"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """[batch, length, dim] to the same shape."""
        batch, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        shape = [batch, length, 3, self.num_heads, dim // self.num_heads]
        projected = tf.transpose(tf.reshape(self.projection(x), shape), [2, 0, 3, 1, 4])
        query, key, value = tf.unstack(projected)
        scores = tf.matmul(query, key, transpose_b=True) * (dim // self.num_heads) ** -0.5
        lag = lags(length)
        bias = tf.gather(self.lag_bias, tf.clip_by_value(lag, 0, self.num_lags - 1), axis=1)
        weights = tf.nn.softmax(tf.where(lag >= 0, scores + bias, _NEVER))
        mixed = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        return tf.reshape(mixed, [batch, length, dim])


def mixer(dim: int, plan: EncoderPlan) -> keras.layers.Layer:
    """The mixer that `plan.kind` names."""
    if plan.kind == "mean":
        return Mean(name="mean")
    if plan.kind == "decayed":
        return Decayed(plan.num_heads)
    if plan.kind == "convolution":
        return Kernels(plan.num_heads, plan.kernel_width)
    return Attention(dim, plan.num_heads, plan.kernel_width)
