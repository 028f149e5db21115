"""What moves of items once training has ended: popularity is settled, and ages go on."""

import tensorflow as tf

from components.trainer.time.popularity import (
    NUM_PERIODS,
    TRAILING_PERIODS,
    RecentPopularity,
    age_features,
)
from schemas.features import MISSING_INTEGER

_NUM_SHARES = len(TRAILING_PERIODS)


class SettledFeatures:
    """Features of items as of the end of split train, or with ages as of a later instant.

    Later events are not known here, so shares and whether an item was met stay what they were.
    """

    def __init__(self, popularity: RecentPopularity):
        """Keeps what `popularity` says at the end of split train."""
        rows = tf.range(popularity.num_items + 1)
        features = popularity.features(tf.constant(NUM_PERIODS), rows)
        self._as_of_s = tf.constant(popularity.as_of_s, tf.int64)
        self._features = tf.Variable(features, trainable=False)
        self._first_s = tf.Variable(popularity.first_s, trainable=False)

    @property
    def resources(self) -> list[tf.Variable]:
        """What a SavedModel must track."""
        return [self._features, self._first_s]

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """[num_rows] int32 rows of the candidate table to [num_rows, NUM_FEATURES] float32."""
        return tf.gather(self._features, rows)

    def instant_s(self, as_of_s: tf.Tensor) -> tf.Tensor:
        """Scalar int64 seconds UTC: an instant, or the end of split train if that is later."""
        return tf.maximum(as_of_s, self._as_of_s)

    def as_of(self, rows: tf.Tensor, available_at_s: tf.Tensor, as_of_s: tf.Tensor) -> tf.Tensor:
        """Features with ages as of `instant_s(as_of_s)`.

        Args:
          rows: [num_rows] int32 rows of the candidate table, its size for a new item.
          available_at_s: [num_rows] int64 seconds UTC, -1 where unknown. An item that was met
            before it was said to be there is as old as that event.
          as_of_s: Scalar int64 seconds UTC.

        Returns:
          [num_rows, NUM_FEATURES] float32.
        """
        settled, first_s = self(rows), tf.gather(self._first_s, rows)
        shares, is_met = settled[:, :_NUM_SHARES], settled[:, -1]
        told_s = tf.where(is_met > 0.0, tf.minimum(first_s, available_at_s), available_at_s)
        first_s = tf.where(available_at_s == MISSING_INTEGER, first_s, told_s)
        # What happened at the last second lies before the end, as in `RecentPopularity`.
        age = age_features(self.instant_s(as_of_s) + 1 - first_s)
        return tf.concat([shares, tf.stack([*age, is_met], axis=-1)], axis=-1)
