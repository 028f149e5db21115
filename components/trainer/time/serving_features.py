"""Time-dependent item features after training: popularity is fixed, and ages increase."""

import tensorflow as tf

from components.trainer.time.popularity import (
    NUM_PERIODS,
    TRAILING_PERIODS,
    RecentPopularity,
    age_features,
)
from schemas.features import MISSING_INTEGER

_NUM_SHARES = len(TRAILING_PERIODS)


class ServingItemFeatures:
    """Item features as of the end of split train, or with ages as of a later instant.

    Events after split train are not available when the model serves, so popularity stays as of the
    end of split train.
    """

    def __init__(self, popularity: RecentPopularity):
        """Stores the features of `popularity` as of the end of split train."""
        rows = tf.range(popularity.num_items + 1)
        features = popularity.features(tf.constant(NUM_PERIODS), rows)
        self._as_of_s = tf.constant(popularity.as_of_s, tf.int64)
        self._features = tf.Variable(features, trainable=False)
        self._first_s = tf.Variable(popularity.first_s, trainable=False)

    @property
    def resources(self) -> list[tf.Variable]:
        """The variables that a SavedModel must track."""
        return [self._features, self._first_s]

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the features as of the end of split train, [num_rows, NUM_FEATURES] float32.

        Args:
          rows: [num_rows] int32 rows of the candidate table, its size for an unknown item.
        """
        return tf.gather(self._features, rows)

    def instant_s(self, as_of_s: tf.Tensor) -> tf.Tensor:
        """Returns the later of an instant and the end of split train, scalar int64 seconds UTC."""
        return tf.maximum(as_of_s, self._as_of_s)

    def as_of(self, rows: tf.Tensor, available_at_s: tf.Tensor, as_of_s: tf.Tensor) -> tf.Tensor:
        """Returns the features with ages as of `instant_s(as_of_s)`.

        Args:
          rows: [num_rows] int32 rows of the candidate table, its size for an unknown item.
          available_at_s: [num_rows] int64 seconds since the epoch, UTC; -1 where unknown. The age
            of an item with a target in split train is at least the age of its first target.
          as_of_s: Scalar int64 seconds since the epoch, UTC.

        Returns:
          [num_rows, NUM_FEATURES] float32.
        """
        trained, first_s = self(rows), tf.gather(self._first_s, rows)
        shares, was_target = trained[:, :_NUM_SHARES], trained[:, -1]
        known_s = tf.where(was_target > 0.0, tf.minimum(first_s, available_at_s), available_at_s)
        first_s = tf.where(available_at_s == MISSING_INTEGER, first_s, known_s)
        # One second is added because in `RecentPopularity` the end is after the last second.
        age = age_features(self.instant_s(as_of_s) + 1 - first_s)
        return tf.concat([shares, tf.stack([*age, was_target], axis=-1)], axis=-1)
