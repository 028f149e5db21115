"""Draws negatives from the catalogue, and computes how often each item is a negative."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.trainer.seeds import Seed
from schemas.model_settings import NegativeSampling

# Added to the number of targets of each item, so that an item without targets can be drawn.
_SMOOTHING = 1.0
# The part of the draws by popularity; the other draws are uniform.
_SHARE_BY_POPULARITY: dict[NegativeSampling, float] = {
    "uniform": 0.0,
    "mixed": 0.5,
    "popularity": 1.0,
}


class NegativeSampler:
    """Negatives from two sources: targets of the step, and items drawn from the catalogue.

    With in-batch negatives alone, an item without interactions is never a negative and gets too
    high a score (Yang et al., 2020, "Mixed Negative Sampling for Learning Two-tower Neural Networks
    in Recommendations"). Only eligible items are drawn: an item that did not exist yet during the
    train split is not a valid negative. If there are no more eligible items than draws, all
    eligible items are negatives.

    Attributes:
      num_eligible: The number of items that may be drawn.
      num_drawn: The number of draws per step.
      takes_all: Whether `draw` returns each eligible item once, instead of random items.
    """

    def __init__(
        self,
        target_counts: npt.NDArray[np.int64],
        num_drawn: int,
        eligible_rows: npt.NDArray[np.int32],
        sampling: NegativeSampling = "uniform",
    ):
        """Computes the sampling probabilities.

        Args:
          target_counts: [num_items] int64: how often each item is a target in an epoch.
          num_drawn: The number of negatives to draw from the catalogue per step.
          eligible_rows: [num_eligible] int32 rows of the items that may be drawn, without
            duplicates.
          sampling: `uniform`; `popularity` for draws in proportion to the smoothed counts; or
            `mixed` for half of the draws by each.
        """
        self.num_eligible = len(eligible_rows)
        self.num_drawn = min(num_drawn, self.num_eligible)
        self.takes_all = 0 < self.num_drawn == self.num_eligible
        self._eligible_rows = tf.constant(eligible_rows, tf.int32)
        smoothed = target_counts + _SMOOTHING
        self._in_batch_probability = tf.constant(smoothed / smoothed.sum(), tf.float32)
        by_popularity = 0.0 if self.takes_all else _SHARE_BY_POPULARITY[sampling]
        # The share of an item that is not eligible is as if it were: as a target, it needs one.
        share = by_popularity * smoothed / max(_SMOOTHING, smoothed[eligible_rows].sum())
        share += (1.0 - by_popularity) / max(1, self.num_eligible)
        self._draw_probability = tf.constant(share, tf.float32)
        # In single precision, the sums over millions of items would differ from the shares.
        self._cumulative = tf.constant(np.cumsum(share[eligible_rows]), tf.float64)

    def draw(self, seed: Seed) -> tf.Tensor:
        """Draws negatives.

        Args:
          seed: The seed of the draws; None outside training, where they are evenly spaced
            quantiles of the same distribution.

        Returns:
          [num_drawn] int32 eligible rows, with replacement; all of them, each once, if there are
          no more.
        """
        if self.num_drawn == self.num_eligible:
            return self._eligible_rows
        if seed is None:
            quantile = (tf.range(self.num_drawn, dtype=tf.float64) + 0.5) / self.num_drawn
        else:
            quantile = tf.random.stateless_uniform([self.num_drawn], seed, dtype=tf.float64)
        index = tf.searchsorted(self._cumulative, quantile, side="right")
        return tf.gather(self._eligible_rows, tf.minimum(index, self.num_eligible - 1))

    def expected_count(
        self,
        rows: tf.Tensor,
        num_in_batch: tf.Tensor,
        num_drawn: tf.Tensor,
    ) -> tf.Tensor:
        """Returns how often each of the given items is expected among the negatives of a query.

        Args:
          rows: [num_candidates] int32 rows of the candidate table.
          num_in_batch: [...] int32: negatives that are targets of the step.
          num_drawn: Scalar int32: negatives that were drawn from the catalogue.

        Returns:
          [..., num_candidates] float32; greater than 0 if there is any negative.
        """
        in_batch = tf.cast(num_in_batch, tf.float32)[..., tf.newaxis]
        drawn = tf.cast(num_drawn, tf.float32) * tf.gather(self._draw_probability, rows)
        return in_batch * tf.gather(self._in_batch_probability, rows) + drawn
