"""Intervals of many means that are read together, such as those of all slices.

Of twenty intervals with a level of 95 %, about one does not contain its value. Here each of n
intervals has the level 1 - 0.05 / n. By Bonferroni's inequality, all of them contain their values
with a probability of at least 95 %, whatever their dependence.

The percentiles of a bootstrap are too narrow at such levels: if 30 users have values of 0 and 1
with a mean of 0.1, four intervals in a hundred do not contain it in place of one in four hundred.
The interval of a metric is therefore the score interval (Wilson, 1927, "Probable Inference, the Law
of Succession, and Statistical Inference"), in which the variance of a value between 0 and 1 is at
most mean · (1 - mean). The interval of a difference is that of Student's t. Both are computed for
MIN_USERS users or more.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from components.evaluator.confidence import CONFIDENCE_LEVEL

# With 60 users, 20 intervals of differences of zeros and ones all contain their values in more than
# 93 % of cases; with 30 users, in less than 85 % (tests/components/evaluator/test_simultaneous.py).
MIN_USERS = 60


def simultaneous_level(num_intervals: int) -> float:
    """Returns the level of each of several intervals that together have the level 95 %.

    >>> round(simultaneous_level(10), 4)
    0.995
    """
    return 1.0 - (1.0 - CONFIDENCE_LEVEL) / max(1, num_intervals)


def metric_interval(values: npt.NDArray[np.float64], level: float) -> list[float]:
    """Returns the score interval of the mean of a metric.

    >>> values = np.repeat([0.0, 1.0], [90, 10])
    >>> [round(bound, 3) for bound in metric_interval(values, 0.95)]
    [0.055, 0.174]

    Args:
      values: [num_users] float64, between 0 and 1.
      level: The level of the interval.

    Returns:
      The lower and the upper bound.
    """
    size, mean = len(values), float(values.mean())
    z = float(stats.norm.isf((1.0 - level) / 2.0))
    scale = 1.0 + z * z / size
    middle = (mean + z * z / (2.0 * size)) / scale
    half = z / scale * math.sqrt(mean * (1.0 - mean) / size + (z / (2.0 * size)) ** 2)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def difference_interval(values: npt.NDArray[np.float64], level: float) -> list[float]:
    """Returns the interval of the mean of differences by Student's t distribution.

    >>> values = np.repeat([-0.5, 0.0, 1.0], [10, 70, 20])
    >>> [round(bound, 3) for bound in difference_interval(values, 0.95)]
    [0.06, 0.24]

    Args:
      values: [num_users] float64, at least two.
      level: The level of the interval.

    Returns:
      The lower and the upper bound.
    """
    size, mean = len(values), float(values.mean())
    quantile = float(stats.t.isf((1.0 - level) / 2.0, size - 1))
    half = quantile * float(values.std(ddof=1)) / math.sqrt(size)
    return [mean - half, mean + half]
