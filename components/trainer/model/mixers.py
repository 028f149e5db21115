"""The layers of an encoder block that mix past positions, one for each `model.encoder.kind`.

A mixer takes [batch, length, dim] and returns the same shape; output t depends on inputs 0 … t.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from components.trainer.plan import EncoderPlan

FASTEST_DECAY = 0.3
SLOWEST_DECAY = 0.98
_MASKED_SCORE = -1e9


def lags(length: tf.Tensor) -> tf.Tensor:
    """Returns [length, length] int32: row t minus column s, the lag between two positions."""
    positions = tf.range(length)
    return positions[:, tf.newaxis] - positions


def decay_kernels(num_heads: int, width: int) -> npt.NDArray[np.float32]:
    """Returns [num_heads, width] float32 exponential decays, rate^lag, scaled to norm 1.

    The rates are evenly spaced from FASTEST_DECAY to SLOWEST_DECAY. Norm 1 preserves the variance
    of independent inputs.
    """
    rates = np.linspace(FASTEST_DECAY, SLOWEST_DECAY, num_heads)[:, np.newaxis]
    kernels = rates ** np.arange(width)
    return (kernels / np.linalg.norm(kernels, axis=1, keepdims=True)).astype(np.float32)


def _mix_by_head(weights: tf.Tensor, x: tf.Tensor, num_heads: int) -> tf.Tensor:
    """Multiplies weights [heads, length, length] with x [batch, length, dim], split into heads.

    One matrix product per head over all windows. For the few hundred positions of a history, this
    is many times faster on a CPU than a depthwise convolution.
    """
    batch, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
    size = dim // num_heads
    heads = tf.transpose(tf.reshape(x, [batch, length, num_heads, size]), [2, 1, 0, 3])
    mixed = tf.matmul(weights, tf.reshape(heads, [num_heads, length, batch * size]))
    mixed = tf.transpose(tf.reshape(mixed, [num_heads, length, batch, size]), [2, 1, 0, 3])
    return tf.reshape(mixed, [batch, length, dim])


class MeanMixer(keras.layers.Layer):
    """The mean of all positions so far.

    As in "Deep Neural Networks for YouTube Recommendations" (Covington et al., 2016).
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a tensor of the shape of `x`, [batch, length, dim]."""
        lag = lags(tf.shape(x)[1])
        is_past = tf.cast(lag >= 0, x.dtype)
        weights = is_past / tf.reduce_sum(is_past, axis=1, keepdims=True)
        return _mix_by_head(weights[tf.newaxis], x, 1)


class DecayMixer(keras.layers.Layer):
    """A weighted mean of all positions so far, with a learned exponential decay for each head.

    As the moving average in "Mega: Moving Average Equipped Gated Attention" (Ma et al., 2022).
    """

    def __init__(self, num_heads: int):
        """Each head gets an equal share of the channels."""
        super().__init__(name="decayed")
        self.num_heads = num_heads
        rates = np.linspace(FASTEST_DECAY, SLOWEST_DECAY, num_heads)
        self.logits = self.add_weight(
            name="logits",
            shape=[num_heads],
            initializer=keras.initializers.Constant(np.log(rates / (1.0 - rates))),
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a tensor of the shape of `x`, [batch, length, dim]."""
        lag = lags(tf.shape(x)[1])
        log_rate = tf.math.log_sigmoid(self.logits)[:, tf.newaxis, tf.newaxis]
        scores = tf.where(lag >= 0, log_rate * tf.cast(lag, x.dtype), _MASKED_SCORE)
        return _mix_by_head(tf.nn.softmax(scores), x, self.num_heads)


class ConvolutionMixer(keras.layers.Layer):
    """A causal convolution: output t is the sum over lags j of kernel[head, j] · input[t - j].

    A long convolution as in "Hyena Hierarchy" (Poli et al., 2023), without gates. The initial
    kernels are exponential decays as in "Mega" (Ma et al., 2022), from mostly the last event to
    nearly the whole history.
    """

    def __init__(self, num_heads: int, width: int):
        """Each head gets an equal share of the channels; `width` is the longest lag plus one."""
        super().__init__(name="kernels")
        self.num_heads = num_heads
        self.width = width
        self.kernels = self.add_weight(
            name="kernels",
            shape=[num_heads, width],
            initializer=keras.initializers.Constant(decay_kernels(num_heads, width)),
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a tensor of the shape of `x`, [batch, length, dim]."""
        lag = lags(tf.shape(x)[1])
        lag = tf.where((lag >= 0) & (lag < self.width), lag, self.width)
        toeplitz = tf.gather(tf.pad(self.kernels, [[0, 0], [0, 1]]), lag, axis=1)
        return _mix_by_head(toeplitz, x, self.num_heads)


class AttentionMixer(keras.layers.Layer):
    """Causal self-attention with a learned bias for each lag; longer lags share the last bias.

    As in "Self-Attentive Sequential Recommendation" (Kang and McAuley, 2018), with the relative
    positions of T5 (Raffel et al., 2020).
    """

    def __init__(self, dim: int, num_heads: int, num_lags: int):
        """Each head gets an equal share of the `dim` channels."""
        super().__init__(name="attention")
        self.num_heads = num_heads
        self.num_lags = num_lags
        self.projection = keras.layers.Dense(3 * dim, use_bias=False, name="projection")
        self.lag_bias = self.add_weight(
            name="lag_bias", shape=[num_heads, num_lags], initializer="zeros"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a tensor of the shape of `x`, [batch, length, dim]."""
        batch, length, dim = tf.shape(x)[0], tf.shape(x)[1], x.shape[2]
        shape = [batch, length, 3, self.num_heads, dim // self.num_heads]
        projected = tf.transpose(tf.reshape(self.projection(x), shape), [2, 0, 3, 1, 4])
        query, key, value = tf.unstack(projected)
        scores = tf.matmul(query, key, transpose_b=True) * (dim // self.num_heads) ** -0.5
        lag = lags(length)
        bias = tf.gather(self.lag_bias, tf.clip_by_value(lag, 0, self.num_lags - 1), axis=1)
        weights = tf.nn.softmax(tf.where(lag >= 0, scores + bias, _MASKED_SCORE))
        mixed = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        return tf.reshape(mixed, [batch, length, dim])


def build_mixer(dim: int, plan: EncoderPlan) -> keras.layers.Layer:
    """Returns the mixer that `plan.kind` names."""
    if plan.kind == "mean":
        return MeanMixer(name="mean")
    if plan.kind == "decayed":
        return DecayMixer(plan.num_heads)
    if plan.kind == "convolution":
        return ConvolutionMixer(plan.num_heads, plan.kernel_width)
    return AttentionMixer(dim, plan.num_heads, plan.kernel_width)
