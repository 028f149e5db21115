"""Converts numbers and times to standard scores and quantile buckets; NaN is a missing number."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf
import tensorflow_transform as tft

from schemas.events import SECONDS_PER_DAY
from schemas.features import MISSING_INTEGER, MISSING_NUMBER
from schemas.transformed import NUM_BUCKETS

NumberTensor: TypeAlias = tf.Tensor | tf.SparseTensor

# Rank error of the quantile sketch: a tenth of a bucket.
QUANTILE_EPSILON = 0.01
# Scores are clipped at this many standard deviations, so that errors and outliers in the data do
# not dominate a layer's output.
MAX_SCORE = 10.0


def days_since_epoch(timestamp_s: tf.Tensor) -> tf.Tensor:
    """Converts times to days, which float32 represents to within two minutes until 2059.

    Args:
      timestamp_s: int64 seconds since the epoch, UTC, of any shape; -1 where missing.

    Returns:
      float32 days of the same shape, NaN where missing.
    """
    days = tf.cast(tf.cast(timestamp_s, tf.float64) / SECONDS_PER_DAY, tf.float32)
    return tf.where(timestamp_s == MISSING_INTEGER, MISSING_NUMBER, days)


def standard_score(x: NumberTensor, sample: tf.Tensor) -> NumberTensor:
    """Standardises by the mean and the variance of the finite values of `sample`.

    Missing values get a score of 0. If the variance of the sample is 0, so do all other values.

    Args:
      x: [batch, n] float32, dense or sparse; NaN and infinity are missing.
      sample: float32 of any shape: the values that the statistics are computed from.

    Returns:
      float32 of the shape and sparsity of `x`, in [-MAX_SCORE, MAX_SCORE].
    """
    known = tf.cast(_finite(sample), tf.float64)
    mean, variance = tft.mean(known), tft.var(known)
    # Without finite values, mean and variance are NaN or 0, depending on the number of batches.
    is_valid = tf.logical_and(tf.math.is_finite(variance), variance > 0)
    scale = tf.where(is_valid, tf.math.rsqrt(tf.where(is_valid, variance, 1.0)), 0.0)
    centre = tf.where(is_valid, mean, 0.0)

    def score(values: tf.Tensor) -> tf.Tensor:
        # Missing values are replaced before scaling, because 0 * NaN is NaN.
        is_known = tf.math.is_finite(values)
        numbers = tf.cast(tf.where(is_known, values, 0.0), tf.float64)
        score = tf.clip_by_value((numbers - centre) * scale, -MAX_SCORE, MAX_SCORE)
        return tf.where(is_known, tf.cast(score, tf.float32), 0.0)

    return _map_values(x, score)


def quantile_bucket(x: NumberTensor, sample: tf.Tensor) -> NumberTensor:
    """Replaces each number by its quantile bucket; the boundaries are quantiles of `sample`.

    Args:
      x: [batch, n] float32, dense or sparse; NaN and infinity are missing.
      sample: float32 of any shape: the values that the boundaries are computed from.

    Returns:
      int64 of the shape and sparsity of `x`: 0 to NUM_BUCKETS - 1, NUM_BUCKETS where missing.
    """
    boundaries = tft.quantiles(_finite(sample), NUM_BUCKETS, QUANTILE_EPSILON)

    def bucket(values: tf.Tensor) -> tf.Tensor:
        is_known = tf.math.is_finite(values)
        buckets = tft.apply_buckets(tf.where(is_known, values, 0.0), boundaries)
        return tf.where(is_known, buckets, tf.constant(NUM_BUCKETS, tf.int64))

    return _map_values(x, bucket)


def _finite(x: tf.Tensor) -> tf.Tensor:
    return tf.boolean_mask(x, tf.math.is_finite(x))


def _map_values(x: NumberTensor, function: Callable[[tf.Tensor], tf.Tensor]) -> NumberTensor:
    if isinstance(x, tf.SparseTensor):
        return tf.SparseTensor(x.indices, function(x.values), x.dense_shape)
    return function(x)
