"""Which items a query's target is told apart from, and how often each is drawn."""

from typing import Literal

import numpy as np
import tensorflow as tf

# Counted on top of each item's targets: TFRS takes logarithms of the probabilities.
_SMOOTHING = 1.0


class NegativePool:
    """Mixed negatives: the other targets of the batch, and items drawn from the catalogue.

    In-batch negatives alone never show the model an item without interactions, and favour it
    (Yang et al., 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations"). Only eligible items are drawn: one that did not exist while the data of
    training arose was not passed over by anyone, and is no negative. Where there are no more
    eligible items than draws, all of them are taken.
    """

    def __init__(
        self,
        target_counts: np.ndarray,
        num_drawn: int,
        eligible_rows: np.ndarray,
        sampling: Literal["uniform", "popularity"] = "uniform",
    ):
        """Prepares the sampling frequencies.

        Args:
          target_counts: [num_items] how often each item is a target in an epoch.
          num_drawn: Draws from the catalogue a step.
          eligible_rows: [num_eligible] int32 distinct rows that draws are from.
          sampling: Whether draws are even, or as frequent as (smoothed) targets.
        """
        self.num_eligible = len(eligible_rows)
        self.num_drawn = min(num_drawn, self.num_eligible)
        self._eligible_rows = tf.constant(eligible_rows, tf.int32)
        smoothed = target_counts + _SMOOTHING
        self._frequency = tf.constant(smoothed / smoothed.sum(), tf.float32)
        share = np.zeros(len(target_counts))
        takes_all = self.num_drawn == self.num_eligible
        by_popularity = sampling == "popularity" and not takes_all
        share[eligible_rows] = smoothed[eligible_rows] if by_popularity else 1.0
        share /= max(1.0, share.sum())
        self._drawn_share = tf.constant(share, tf.float32)
        self._cumulative = tf.constant(np.cumsum(share[eligible_rows]), tf.float32)

    def draw(self) -> tf.Tensor:
        """[num_drawn] int32 eligible rows: random, or all where there are no more."""
        if self.num_drawn == self.num_eligible:
            return self._eligible_rows
        at_random = tf.random.uniform([self.num_drawn])
        place = tf.searchsorted(self._cumulative, at_random, side="right")
        return tf.gather(self._eligible_rows, tf.minimum(place, self.num_eligible - 1))

    def probability(
        self,
        rows: tf.Tensor,
        num_in_batch: tf.Tensor,
        num_drawn: tf.Tensor,
    ) -> tf.Tensor:
        """How likely a random member of the pool is each of the given items.

        Args:
          rows: [num_candidates] int32 rows.
          num_in_batch: Members drawn as targets are.
          num_drawn: Members drawn from the catalogue.

        Returns:
          [num_candidates] float32; greater than 0 wherever there is a member drawn as targets
          are, and for eligible rows.
        """
        in_batch = tf.cast(num_in_batch, tf.float32)
        drawn = tf.cast(num_drawn, tf.float32)
        expected = in_batch * tf.gather(self._frequency, rows)
        expected += drawn * tf.gather(self._drawn_share, rows)
        return expected / (in_batch + drawn)
