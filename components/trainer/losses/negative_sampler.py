"""Draws negatives from the catalogue, and computes how likely each item is a negative."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# Added to the number of targets of each item, so that the logarithm of its frequency is finite.
_SMOOTHING = 1.0


class NegativeSampler:
    """Mixed negative sampling: the other targets of the batch, and items of the catalogue.

    With in-batch negatives alone, an item without interactions is never a negative and gets too
    high a score (Yang et al., 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks
    in Recommendations"). Only eligible items are drawn: an item that did not exist yet during the
    train split is not a valid negative. If there are no more eligible items than draws, all
    eligible items are negatives.
    """

    def __init__(
        self,
        target_counts: npt.NDArray[np.int64],
        num_drawn: int,
        eligible_rows: npt.NDArray[np.int32],
        sampling: Literal["uniform", "popularity"] = "uniform",
    ):
        """Computes the sampling probabilities.

        Args:
          target_counts: [num_items] int64: how often each item is a target in an epoch.
          num_drawn: The number of negatives to draw from the catalogue per step.
          eligible_rows: [num_eligible] int32 rows of the items that may be drawn, without
            duplicates.
          sampling: `uniform`, or `popularity` for draws in proportion to the smoothed counts.
        """
        self.num_eligible = len(eligible_rows)
        self.num_drawn = min(num_drawn, self.num_eligible)
        self._eligible_rows = tf.constant(eligible_rows, tf.int32)
        smoothed = target_counts + _SMOOTHING
        self._in_batch_probability = tf.constant(smoothed / smoothed.sum(), tf.float32)
        share = np.zeros(len(target_counts))
        takes_all = self.num_drawn == self.num_eligible
        by_popularity = sampling == "popularity" and not takes_all
        share[eligible_rows] = smoothed[eligible_rows] if by_popularity else 1.0
        share /= max(1.0, share.sum())
        self._draw_probability = tf.constant(share, tf.float32)
        self._cumulative = tf.constant(np.cumsum(share[eligible_rows]), tf.float32)

    def draw(self) -> tf.Tensor:
        """Returns [num_drawn] int32 eligible rows: random, or all if there are no more."""
        if self.num_drawn == self.num_eligible:
            return self._eligible_rows
        uniform = tf.random.uniform([self.num_drawn])
        index = tf.searchsorted(self._cumulative, uniform, side="right")
        return tf.gather(self._eligible_rows, tf.minimum(index, self.num_eligible - 1))

    def probability(
        self,
        rows: tf.Tensor,
        num_in_batch: tf.Tensor,
        num_drawn: tf.Tensor,
    ) -> tf.Tensor:
        """Returns the probability that a random candidate of a group is each of the given items.

        Args:
          rows: [num_candidates] int32 rows of the candidate table.
          num_in_batch: Scalar int32: candidates that are targets of the group.
          num_drawn: Scalar int32: candidates that were drawn from the catalogue.

        Returns:
          [num_candidates] float32; greater than 0 for every item if the group has a target, and
          for eligible items.
        """
        in_batch = tf.cast(num_in_batch, tf.float32)
        drawn = tf.cast(num_drawn, tf.float32)
        expected = in_batch * tf.gather(self._in_batch_probability, rows)
        expected += drawn * tf.gather(self._draw_probability, rows)
        return expected / (in_batch + drawn)
