"""Which items a query's target is told apart from, and how often each is drawn."""

import numpy as np
import tensorflow as tf

# Counted on top of each item's targets: TFRS takes logarithms of the probabilities.
_SMOOTHING = 1.0


class NegativePool:
    """Mixed negatives: the other targets of the batch, and items drawn uniformly.

    In-batch negatives alone never show the model an item without interactions, and favour it
    (Yang et al., 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations"). Only eligible items are drawn: one that did not exist while the data of
    training arose was not passed over by anyone, and is no negative. Where there are no more
    eligible items than uniform draws, all of them are taken.
    """

    def __init__(self, target_counts: np.ndarray, num_uniform: int, eligible_rows: np.ndarray):
        """Prepares the sampling frequencies.

        Args:
          target_counts: [num_items] how often each item is a target in an epoch.
          num_uniform: Uniform draws a step.
          eligible_rows: [num_eligible] int32 distinct rows that uniform draws are from.
        """
        self.num_eligible = len(eligible_rows)
        self.num_uniform = min(num_uniform, self.num_eligible)
        self._eligible_rows = tf.constant(eligible_rows, tf.int32)
        share = np.zeros(len(target_counts), np.float32)
        share[eligible_rows] = 1.0 / max(1, self.num_eligible)
        self._uniform_share = tf.constant(share)
        smoothed = target_counts + _SMOOTHING
        self._frequency = tf.constant(smoothed / smoothed.sum(), tf.float32)

    def draw(self) -> tf.Tensor:
        """[num_uniform] int32 eligible rows: random, or all where there are no more."""
        if self.num_uniform == self.num_eligible:
            return self._eligible_rows
        place = tf.random.uniform([self.num_uniform], maxval=self.num_eligible, dtype=tf.int32)
        return tf.gather(self._eligible_rows, place)

    def probability(
        self, rows: tf.Tensor, num_in_batch: tf.Tensor, num_uniform: tf.Tensor
    ) -> tf.Tensor:
        """How likely a random member of the pool is each of the given items.

        Args:
          rows: [num_candidates] int32 rows.
          num_in_batch: Members drawn as targets are.
          num_uniform: Members drawn uniformly.

        Returns:
          [num_candidates] float32; greater than 0 wherever there is a member drawn as targets
          are, and for eligible rows.
        """
        in_batch = tf.cast(num_in_batch, tf.float32)
        uniform = tf.cast(num_uniform, tf.float32)
        expected = in_batch * tf.gather(self._frequency, rows)
        expected += uniform * tf.gather(self._uniform_share, rows)
        return expected / (in_batch + uniform)
