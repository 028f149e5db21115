"""How often each item was met of late and how old it is, as of an instant.

Popularity moves: what was much met last week says more of tomorrow than what was ever met (Ji et
al., 2020, "A Re-visit of the Popularity Baseline in Recommender Systems"). The train split is cut
into periods of equally many targets. As of the start of a period, only what lies before is
counted, so that no target sees itself or its future.
"""

import numpy as np
import tensorflow as tf

from components.trainer.time.first_seen import first_sight_s
from schemas.events import SECONDS_PER_DAY

NUM_PERIODS = 64
# Periods that a share is taken over, the longest first; 0 is all of them so far.
TRAILING_PERIODS = (0, 16, 4, 1)
# Targets of a longer window that a shorter one is smoothed by, as a Dirichlet prior.
_PRIOR_TARGETS = 100.0
# Age, whether it is known, and whether the item was met at all.
NUM_FEATURES = len(TRAILING_PERIODS) + 3
# The share over all so far, as a first guess of what is met next.
POPULARITY_WEIGHTS = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
# A catalogue is this much behind at most when it serves: an eighth of the train split.
_LONGEST_LAG = NUM_PERIODS // 8
# Ages of years and shares are to be of one size.
_AGE_SCALE = 0.25


def window_name(periods: int) -> str:
    """What a trailing window of popularity is called."""
    if not periods:
        return "popularity in split train"
    return f"popularity in the last {periods / NUM_PERIODS:.1%} of split train"


def age_features(age_s: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Age, and whether it is known.

    Args:
      age_s: [num_rows] int64 seconds; negative where an item was not there yet, or never seen.

    Returns:
      Two of [num_rows] float32.
    """
    seconds = tf.cast(age_s, tf.float32)
    is_known = seconds >= 0.0
    age = tf.math.log1p(tf.where(is_known, seconds, 0.0) / SECONDS_PER_DAY) * _AGE_SCALE
    return age, tf.cast(is_known, tf.float32)


class RecentPopularity:
    """Features of items as of the start of a period; period NUM_PERIODS is the end of split train.

    The logarithm of an item's share of the targets, relative to an even share, over several
    trailing windows; a query's learned weights on them make its score move with popularity.

    Attributes:
      as_of_s: When split train ends, seconds UTC.
      first_s: [num_items + 1] int64 seconds UTC, as `first_sight_s` gives them.
    """

    def __init__(self, rows: np.ndarray, time_s: np.ndarray, available_at_s: np.ndarray):
        """Counts.

        Args:
          rows: [num_targets] int32 rows of the candidate table.
          time_s: [num_targets] int64 seconds UTC.
          available_at_s: [num_items] int64 seconds UTC, -1 where unknown.
        """
        self.num_items = len(available_at_s)
        self.as_of_s = int(time_s.max())
        firsts = np.arange(NUM_PERIODS) * len(time_s) // NUM_PERIODS
        # What happened at the last second lies before the end.
        starts = np.append(np.sort(time_s)[firsts], self.as_of_s + 1)
        self._starts_s = tf.constant(starts)
        before = np.zeros((NUM_PERIODS + 1, self.num_items + 1), np.float32)
        period = np.searchsorted(starts, time_s, side="right") - 1
        np.add.at(before, (period + 1, rows), 1.0)
        self._before = tf.constant(np.cumsum(before, axis=0, dtype=np.float32))
        self.first_s = tf.constant(first_sight_s(rows, time_s, available_at_s))

    def period(self, time_s: tf.Tensor) -> tf.Tensor:
        """[...] int64 seconds to int32 periods; after split train it is NUM_PERIODS."""
        place = tf.searchsorted(self._starts_s, tf.reshape(time_s, [-1]), side="right")
        return tf.reshape(tf.clip_by_value(place - 1, 0, NUM_PERIODS), tf.shape(time_s))

    def draw_lag(self) -> tf.Tensor:
        """Scalar int32: periods, up to an eighth of the split.

        A served catalogue is as of its export, and requests come later.
        """
        return tf.random.uniform([], maxval=_LONGEST_LAG + 1, dtype=tf.int32)

    def features(self, period: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """What is known of items at the start of a period.

        Args:
          period: Scalar int32.
          rows: [num_rows] int32 rows of the candidate table.

        Returns:
          [num_rows, NUM_FEATURES] float32.
        """
        age = age_features(self._starts_s[period] - tf.gather(self.first_s, rows))
        is_met = tf.cast(tf.gather(self._before[period], rows) > 0.0, tf.float32)
        return tf.stack([*self._log_shares(period, rows), *age, is_met], axis=-1)

    def _log_shares(self, period: tf.Tensor, rows: tf.Tensor) -> list[tf.Tensor]:
        """By trailing window, the longest first: [num_rows] log of the share over an even one."""
        share = tf.fill(tf.shape(rows), 1.0 / self.num_items)
        logs = []
        for length in TRAILING_PERIODS:
            start = tf.maximum(period - length, 0) if length else tf.constant(0)
            count = self._before[period] - self._before[start]
            total = tf.reduce_sum(count)
            share = (tf.gather(count, rows) + _PRIOR_TARGETS * share) / (total + _PRIOR_TARGETS)
            logs.append(tf.math.log(share * self.num_items))
        return logs
