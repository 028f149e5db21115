"""Time as indices: what hour, what day, how long since the last event."""

import tensorflow as tf

from schemas.events import SECONDS_PER_DAY
from schemas.features import MISSING_INTEGER

HOURS = 24
DAYS = 7
GAP_BUCKETS = 32
_HOUR_S = 3600
# The epoch began on a Thursday; day 0 is Monday.
_EPOCH_WEEKDAY = 3
_GAP_BOUNDARIES_S = [float(2**bit) for bit in range(GAP_BUCKETS - 1)]


def hour_of_day(timestamp_s: tf.Tensor) -> tf.Tensor:
    """int64 seconds UTC to [0, HOURS); HOURS where missing."""
    return _known(timestamp_s, timestamp_s // _HOUR_S % HOURS, HOURS)


def day_of_week(timestamp_s: tf.Tensor) -> tf.Tensor:
    """int64 seconds UTC to [0, DAYS), Monday first; DAYS where missing."""
    return _known(timestamp_s, (timestamp_s // SECONDS_PER_DAY + _EPOCH_WEEKDAY) % DAYS, DAYS)


def gap_bucket(timestamp_s: tf.Tensor, previous_s: tf.Tensor) -> tf.Tensor:
    """The time since the previous event in powers of two of a second.

    Whole numbers throughout: a logarithm could round differently in a batch of another size.

    Args:
      timestamp_s: int64 seconds UTC, -1 where missing.
      previous_s: The same shape: the event before.

    Returns:
      int64 in [0, GAP_BUCKETS): the bits that the gap takes; GAP_BUCKETS where either is missing.
    """
    gap = tf.maximum(timestamp_s - previous_s, 0)
    bits = tf.raw_ops.Bucketize(input=gap, boundaries=_GAP_BOUNDARIES_S)
    bucket = _known(previous_s, tf.cast(bits, tf.int64), GAP_BUCKETS)
    return _known(timestamp_s, bucket, GAP_BUCKETS)


def shifted(timestamp_s: tf.Tensor) -> tf.Tensor:
    """[batch, length] to the timestamps of the events before; the first has none."""
    return tf.pad(timestamp_s, [[0, 0], [1, 0]], constant_values=MISSING_INTEGER)[:, :-1]


def _known(timestamp_s: tf.Tensor, index: tf.Tensor, missing: int) -> tf.Tensor:
    return tf.where(timestamp_s == MISSING_INTEGER, tf.constant(missing, tf.int64), index)
