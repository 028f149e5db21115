"""The time-dependent properties of items, in the form that losses use."""

from dataclasses import dataclass

import tensorflow as tf

from components.trainer.time.first_seen import AppearanceTimes
from components.trainer.time.popularity import NUM_FEATURES, RecentPopularity

# The minimum number of groups per step. All items of a group have the features of one instant, so
# that with fewer groups the features would be older.
_GROUPS = 32


@dataclass(frozen=True)
class ItemDynamics:
    """Time-dependent item features, and the times at which items appear.

    Attributes:
      popularity: Popularity and age at any instant; None if the model does not use them.
      appearances: When items appear; None if no item is known to appear late.
      longest_lag: The largest lag of a training step, in periods of `popularity`. The features of a
        served catalogue are as of the end of split train, which is before its requests.
    """

    popularity: RecentPopularity | None = None
    appearances: AppearanceTimes | None = None
    longest_lag: int = 0

    @property
    def num_features(self) -> int:
        """The number of time-dependent features per item."""
        return 0 if self.popularity is None else NUM_FEATURES

    @property
    def depends_on_time(self) -> bool:
        """Whether targets must be scored in groups, in order of time."""
        return self.popularity is not None or self.appearances is not None

    def group_size(self, largest: tf.Tensor, num_queries: tf.Tensor) -> tf.Tensor:
        """Returns a scalar int32 ≥ 1: how many queries are scored as of one instant."""
        if self.depends_on_time:
            largest = tf.minimum(largest, -(-num_queries // _GROUPS))
        return tf.maximum(largest, 1)

    def draw_lag(self, seed: tf.Tensor) -> tf.Tensor:
        """Returns a random scalar int32: by how many periods the item features of a step are older.

        All lags up to `longest_lag` are equally likely.

        Args:
          seed: [2] int32, the seed of the draw.
        """
        if self.popularity is None:
            return tf.constant(0)
        return tf.random.stateless_uniform(
            [], seed, minval=0, maxval=self.longest_lag + 1, dtype=tf.int32
        )

    def feature_columns(
        self, rows: tf.Tensor, time_s: tf.Tensor, lag: tf.Tensor
    ) -> list[tf.Tensor]:
        """Returns the time-dependent features of items as of a lag before each instant.

        Args:
          rows: [num_items] int32 rows of the candidate table.
          time_s: [...] int64 seconds since the epoch, UTC.
          lag: Scalar int32: how many periods before `time_s` the features are as of.

        Returns:
          `num_features` tensors of shape [..., num_items] float32.
        """
        if self.popularity is None:
            return []
        period = tf.maximum(self.popularity.period(time_s) - lag, 0)
        return self.popularity.feature_columns(period, rows)

    def with_features(
        self, embeddings: tf.Tensor, rows: tf.Tensor, time_s: tf.Tensor, lag: tf.Tensor
    ) -> tf.Tensor:
        """Appends the time-dependent features of the items to their embeddings.

        Args:
          embeddings: [num_items, width] float32.
          rows: [num_items] int32 rows of the candidate table.
          time_s: Scalar int64 seconds since the epoch, UTC.
          lag: Scalar int32: how many periods before `time_s` the features are as of.

        Returns:
          [num_items, width + num_features] float32.
        """
        columns = self.feature_columns(rows, time_s, lag)
        return tf.concat([embeddings, tf.stack(columns, -1)], -1) if columns else embeddings

    def has_appeared(self, rows: tf.Tensor, time_s: tf.Tensor) -> tf.Tensor | None:
        """Returns [..., num_items] bool: the items that appeared by each instant; None means all.

        Args:
          rows: [num_items] int32 rows of the candidate table.
          time_s: [...] int64 seconds since the epoch, UTC.
        """
        if self.appearances is None:
            return None
        return self.appearances.has_appeared(time_s, rows)
