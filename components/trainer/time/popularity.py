"""The recent popularity and the age of each item, as of any instant of the train split.

Popularity changes: the items of last week's events predict the next events better than the items
of all events so far (Ji et al., 2020, "A Re-visit of the Popularity Baseline in Recommender
Systems"). The train split is cut into periods with equal numbers of targets. As of the start of a
period, only earlier targets are counted, so that the features of a target contain neither the
target itself nor its future.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.trainer.time.first_seen import first_seen_s
from schemas.events import SECONDS_PER_DAY

NUM_PERIODS = 64
# Lengths, in periods, of the trailing windows, the longest first; 0 covers all periods so far.
TRAILING_PERIODS = (0, 16, 4, 1)
# Weight, in targets, of a longer window's share in the next shorter one (a Dirichlet prior).
_PRIOR_TARGETS = 100.0
# One log share per window, then the age, whether the age is known, and whether the item has been
# a target.
NUM_FEATURES = len(TRAILING_PERIODS) + 3
# A query's weights on the features before training: its score is the log share over all periods.
POPULARITY_WEIGHTS = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
# Scales log ages of years to about the size of log shares.
_AGE_SCALE = 0.25


def window_name(periods: int) -> str:
    """Returns the name of a trailing window of popularity, for log and report."""
    if not periods:
        return "popularity in split train"
    return f"popularity in the last {periods / NUM_PERIODS:.1%} of split train"


def age_features(age_s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the scaled logarithm of the age, and whether the age is known.

    Args:
      age_s: [...] int64 seconds; negative for an item that has not appeared yet.

    Returns:
      Two tensors [...] float32.
    """
    seconds = tf.cast(age_s, tf.float32)
    is_known = seconds >= 0.0
    age = tf.math.log1p(tf.where(is_known, seconds, 0.0) / SECONDS_PER_DAY) * _AGE_SCALE
    return age, tf.cast(is_known, tf.float32)


class RecentPopularity:
    """Item features as of the start of a period; period NUM_PERIODS is the end of split train.

    The features are the logarithm of the item's share of the targets relative to a uniform share,
    in each trailing window; the item's age; and whether it has been a target. A query contains
    learned weights for them.

    Attributes:
      num_items: The number of items in the catalogue.
      as_of_s: The end of split train, seconds since the epoch, UTC.
      first_s: [num_items + 1] int64 seconds since the epoch, UTC, from `first_seen_s`.
    """

    def __init__(
        self,
        rows: npt.NDArray[np.int32],
        time_s: npt.NDArray[np.int64],
        available_at_s: npt.NDArray[np.int64],
    ):
        """Counts the targets of each item by period.

        Args:
          rows: [num_targets] int32 rows of the candidate table.
          time_s: [num_targets] int64 seconds since the epoch, UTC.
          available_at_s: [num_items] int64 seconds since the epoch, UTC; -1 where unknown.
        """
        self.num_items = len(available_at_s)
        self.as_of_s = int(time_s.max())
        firsts = np.arange(NUM_PERIODS) * len(time_s) // NUM_PERIODS
        # The end is one second later, so that targets of the last second are before it.
        sorted_s = np.sort(time_s)
        starts = np.append(sorted_s[firsts], self.as_of_s + 1)
        self._starts_s = tf.constant(starts)
        before = np.zeros((NUM_PERIODS + 1, self.num_items + 1), np.float32)
        period = np.searchsorted(starts, time_s, side="right") - 1
        np.add.at(before, (period + 1, rows), 1.0)
        self._before = tf.constant(np.cumsum(before, axis=0, out=before))
        # The number of targets of all items before the start of each period.
        self._num_before = tf.constant(np.searchsorted(sorted_s, starts))
        self.first_s = tf.constant(first_seen_s(rows, time_s, available_at_s))

    def period(self, time_s: tf.Tensor) -> tf.Tensor:
        """Returns the int32 period of each instant, [...] int64 seconds since the epoch, UTC.

        The period of an instant after split train is NUM_PERIODS.
        """
        index = tf.searchsorted(self._starts_s, tf.reshape(time_s, [-1]), side="right")
        return tf.reshape(tf.clip_by_value(index - 1, 0, NUM_PERIODS), tf.shape(time_s))

    def features(self, period: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns the features of items as of the start of a period.

        Args:
          period: [...] int32.
          rows: [num_rows] int32 rows of the candidate table.

        Returns:
          [..., num_rows, NUM_FEATURES] float32.
        """
        return tf.stack(self.feature_columns(period, rows), axis=-1)

    def feature_columns(self, period: tf.Tensor, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns the NUM_FEATURES columns of `features`, [..., num_rows] float32 each."""
        period = tf.convert_to_tensor(period)
        start_s = tf.gather(self._starts_s, period)[..., tf.newaxis]
        age = age_features(start_s - tf.gather(self.first_s, rows))
        was_target = tf.cast(self._counts_before(period, rows) > 0.0, tf.float32)
        return [*self._log_shares(period, rows), *age, was_target]

    def _log_shares(self, period: tf.Tensor, rows: tf.Tensor) -> list[tf.Tensor]:
        """Returns [..., num_rows] log of share over uniform share, a tensor for each window.

        The longest window is first.
        """
        share = tf.constant(1.0 / self.num_items)
        before, num_before = self._counts_before(period, rows), tf.gather(self._num_before, period)
        logs = []
        for length in TRAILING_PERIODS:
            start = tf.maximum(period - length, 0) if length else tf.zeros_like(period)
            count = before - self._counts_before(start, rows)
            total = num_before - tf.gather(self._num_before, start)
            total = tf.cast(total, tf.float32)[..., tf.newaxis]
            share = (count + _PRIOR_TARGETS * share) / (total + _PRIOR_TARGETS)
            logs.append(tf.math.log(share * self.num_items))
        return logs

    def _counts_before(self, period: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns [..., num_rows] float32: the targets of each item before the start of periods."""
        # A slice of the counts of one period would copy those of all items.
        counts = tf.reshape(self._before, [-1])
        first = tf.cast(period, tf.int64)[..., tf.newaxis] * (self.num_items + 1)
        return tf.gather(counts, first + tf.cast(rows, tf.int64))
