"""Indices of timestamps: hour of day, day of week, and the time since the previous event."""

import tensorflow as tf

from schemas.events import SECONDS_PER_DAY
from schemas.features import MISSING_INTEGER

HOURS = 24
DAYS = 7
GAP_BUCKETS = 32
_HOUR_S = 3600
# 1 January 1970 was a Thursday; day 0 is Monday.
_EPOCH_WEEKDAY = 3
_GAP_BOUNDARIES_S = [float(2**bit) for bit in range(GAP_BUCKETS - 1)]


def hour_of_day(timestamp_s: tf.Tensor) -> tf.Tensor:
    """Returns the hour of int64 seconds UTC, in [0, HOURS); HOURS where missing."""
    return _or_missing(timestamp_s, timestamp_s // _HOUR_S % HOURS, HOURS)


def day_of_week(timestamp_s: tf.Tensor) -> tf.Tensor:
    """Returns the weekday of int64 seconds UTC, in [0, DAYS), Monday first; DAYS where missing."""
    return _or_missing(timestamp_s, (timestamp_s // SECONDS_PER_DAY + _EPOCH_WEEKDAY) % DAYS, DAYS)


def gap_bucket(timestamp_s: tf.Tensor, previous_s: tf.Tensor) -> tf.Tensor:
    """Returns the bucket of the time since the previous event, by powers of two of a second.

    The computation uses integers only: a logarithm could be rounded differently in a batch of
    another size.

    Args:
      timestamp_s: int64 seconds UTC, -1 where missing.
      previous_s: The timestamps of the previous events, of the same shape.

    Returns:
      int64 in [0, GAP_BUCKETS): the number of bits of the gap; GAP_BUCKETS where either timestamp
      is missing.
    """
    gap = tf.maximum(timestamp_s - previous_s, 0)
    bits = tf.raw_ops.Bucketize(input=gap, boundaries=_GAP_BOUNDARIES_S)
    bucket = _or_missing(previous_s, tf.cast(bits, tf.int64), GAP_BUCKETS)
    return _or_missing(timestamp_s, bucket, GAP_BUCKETS)


def previous_timestamps(timestamp_s: tf.Tensor) -> tf.Tensor:
    """Returns the timestamp before each of [batch, length]; the first is missing."""
    return tf.pad(timestamp_s, [[0, 0], [1, 0]], constant_values=MISSING_INTEGER)[:, :-1]


def _or_missing(timestamp_s: tf.Tensor, index: tf.Tensor, missing: int) -> tf.Tensor:
    return tf.where(timestamp_s == MISSING_INTEGER, tf.constant(missing, tf.int64), index)
