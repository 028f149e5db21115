"""What of items depends on when they are asked for, as losses need it."""

from dataclasses import dataclass

import tensorflow as tf

from components.trainer.time.first_seen import Availability
from components.trainer.time.popularity import NUM_FEATURES, RecentPopularity

# Of a step: the fewer, the older is what items are scored as of.
_GROUPS = 32


@dataclass(frozen=True)
class ItemsInTime:
    """Features of items that move, and items that come.

    Attributes:
      popularity: Features as of an instant; None where there are none.
      availability: When items appear; None where none is known to appear late.
    """

    popularity: RecentPopularity | None = None
    availability: Availability | None = None

    @property
    def num_features(self) -> int:
        """How many features an item has as of an instant."""
        return 0 if self.popularity is None else NUM_FEATURES

    @property
    def moves(self) -> bool:
        """Whether targets must be scored in groups by time."""
        return self.popularity is not None or self.availability is not None

    def group_size(self, largest: tf.Tensor, num_queries: tf.Tensor) -> tf.Tensor:
        """Scalar int32: queries that may be scored as of one instant, at least 1."""
        if self.moves:
            largest = tf.minimum(largest, -(-num_queries // _GROUPS))
        return tf.maximum(largest, 1)

    def draw_lag(self) -> tf.Tensor:
        """Scalar int32: periods that what is known of items in a step is old."""
        return tf.constant(0) if self.popularity is None else self.popularity.draw_lag()

    def with_features(
        self, embeddings: tf.Tensor, rows: tf.Tensor, asked_s: tf.Tensor, lag: tf.Tensor
    ) -> tf.Tensor:
        """Embeddings followed by the features that items have as of an instant.

        Args:
          embeddings: [num_items, width] float32.
          rows: [num_items] int32 rows of the candidate table.
          asked_s: Scalar int64 seconds UTC.
          lag: Scalar int32: periods that what is known is older than that.

        Returns:
          [num_items, width + num_features] float32: what a query is multiplied with.
        """
        if self.popularity is None:
            return embeddings
        period = tf.maximum(self.popularity.period(asked_s) - lag, 0)
        return tf.concat([embeddings, self.popularity.features(period, rows)], -1)

    def is_there(self, rows: tf.Tensor, asked_s: tf.Tensor) -> tf.Tensor | None:
        """[num_items] bool: the items there are at an instant; None is all of them."""
        if self.availability is None:
            return None
        return self.availability.is_there(asked_s, rows)
