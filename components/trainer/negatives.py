"""Which items a query's target is told apart from, and how often each is drawn."""

import numpy as np
import tensorflow as tf

# Counted on top of each item's targets: TFRS takes logarithms of the probabilities.
_SMOOTHING = 1.0


class NegativePool:
    """Mixed negatives: the other targets of the batch, and items drawn uniformly.

    In-batch negatives alone never show the model an item without interactions, and favour it
    (Yang et al., 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks in
    Recommendations"). Where the catalogue is no larger than the uniform draws, it is taken whole.
    """

    def __init__(self, target_counts: np.ndarray, num_uniform: int):
        """Prepares the sampling frequencies.

        Args:
          target_counts: [num_items] how often each item is a target in an epoch.
          num_uniform: Uniform draws a step.
        """
        self.num_items = len(target_counts)
        self.num_uniform = min(num_uniform, self.num_items)
        smoothed = target_counts + _SMOOTHING
        self._frequency = tf.constant(smoothed / smoothed.sum(), tf.float32)

    def draw(self) -> tf.Tensor:
        """[num_uniform] int32 rows: random, or all rows where there are no more."""
        if self.num_uniform == self.num_items:
            return tf.range(self.num_items)
        return tf.random.uniform([self.num_uniform], maxval=self.num_items, dtype=tf.int32)

    def probability(
        self, rows: tf.Tensor, num_in_batch: tf.Tensor, num_uniform: tf.Tensor
    ) -> tf.Tensor:
        """How likely a random member of the pool is each of the given items.

        Args:
          rows: [num_candidates] int32 rows.
          num_in_batch: Members drawn as targets are.
          num_uniform: Members drawn uniformly.

        Returns:
          [num_candidates] float32, greater than 0.
        """
        in_batch = tf.cast(num_in_batch, tf.float32)
        uniform = tf.cast(num_uniform, tf.float32)
        expected = in_batch * tf.gather(self._frequency, rows) + uniform / self.num_items
        return expected / (in_batch + uniform)
