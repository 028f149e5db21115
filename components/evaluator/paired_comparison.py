"""Compares a model with another method on the same users: better, not worse, undecided or worse.

The verdict is that of the interval of the mean per-user difference, not that of two numbers: two
trainings of one recipe differ by chance, and so do their metrics. With a tolerance, the comparison
is a non-inferiority test whose margin is the tolerance (Piaggio et al., 2012, "Reporting of
Noninferiority and Equivalence Randomized Trials"). A model whose true loss is exactly the tolerance
gets the verdict "worse" with a probability of 2.5 %, and less often if its loss is smaller.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.evaluator.confidence import CONFIDENCE_LEVEL, bootstrap_intervals
from components.gate import Verdict

# With fewer users, the percentiles of a bootstrap are too narrow, so that no verdict is given.
MIN_COMPARED_USERS = 30
# The same values may be summed in another order, so that smaller differences are no differences.
_ROUNDING = 1e-12
NEEDED_USERS = f"at least {MIN_COMPARED_USERS} users are needed for a verdict"


@dataclass(frozen=True)
class PairedComparison:
    """A metric of a model and of another method, and the interval of their paired difference.

    Attributes:
      metric: The name of the metric; higher is better.
      value: Its value for the model.
      other: Its value for the other method.
      low: Lower bound of the interval of the difference, model minus other method.
      high: Upper bound of the interval.
      num_users: The number of users over which the differences were averaged.
      level: The level of the interval.
    """

    metric: str
    value: float
    other: float
    low: float
    high: float
    num_users: int
    level: float = CONFIDENCE_LEVEL

    @property
    def difference(self) -> float:
        """The model's value minus that of the other method."""
        return self.value - self.other

    @property
    def detectable_difference(self) -> float:
        """Half the width of the interval.

        An observed difference must be larger for its interval not to contain 0, at the spread of
        these users' differences.
        """
        return (self.high - self.low) / 2.0

    def verdict(self, tolerance: float = 0.0) -> Verdict:
        """Returns the verdict by the interval of the difference.

        BETTER: it lies above 0. WORSE: it lies below minus the tolerance. NOT_WORSE: it lies above
        minus the tolerance. UNDECIDED: none of these, or fewer than MIN_COMPARED_USERS users.

        Args:
          tolerance: The accepted loss, in units of the metric.
        """
        if self.num_users < MIN_COMPARED_USERS:
            return Verdict.UNDECIDED
        if self.low > _ROUNDING:
            return Verdict.BETTER
        if self.high < -tolerance - _ROUNDING:
            return Verdict.WORSE
        if tolerance > 0.0 and self.low >= -tolerance:
            return Verdict.NOT_WORSE
        return Verdict.UNDECIDED

    def smallest_accepted(self, tolerance: float = 0.0) -> float:
        """Returns the difference below which the same spread would give the verdict WORSE."""
        return self.difference - self.high - tolerance

    def describe(self, name: str) -> str:
        """Returns the numbers of the comparison as a clause; `name` is that of the other method.

        >>> comparison = PairedComparison("mrr", 0.25, 0.2, 0.03, 0.07, 1200)
        >>> comparison.describe("the baseline markov")  # doctest: +NORMALIZE_WHITESPACE
        'mrr is 0.2500, that of the baseline markov 0.2000; difference +0.0500,
        95 % interval +0.0300 to +0.0700, 1,200 users'
        """
        return (
            f"{self.metric} is {self.value:.4f}, that of {name} {self.other:.4f}; difference "
            f"{self.difference:+.4f}, {100 * self.level:.4g} % interval {self.low:+.4f} to "
            f"{self.high:+.4f}, {self.num_users:,} users"
        )

    def describe_doubt(self) -> str:
        """Returns why the verdict is UNDECIDED: too few users, or a difference within chance."""
        if self.num_users < MIN_COMPARED_USERS:
            return NEEDED_USERS
        return (
            f"with so many users, a difference below about {self.detectable_difference:.4f} cannot "
            "be distinguished from chance"
        )


def compare_users(
    metric: str,
    model: npt.NDArray[np.float64],
    other: npt.NDArray[np.float64],
    num_samples: int,
    seed: int,
) -> PairedComparison:
    """Compares two methods by the bootstrap interval of their mean per-user difference.

    Args:
      metric: The name of the metric.
      model: Its values for the model, [num_users] float64, at least one.
      other: Its values for the other method on the same users.
      num_samples: Number of bootstrap samples.
      seed: Seed for the bootstrap samples.
    """
    low, high = bootstrap_intervals({metric: model - other}, num_samples, seed)[metric]
    return PairedComparison(metric, float(model.mean()), float(other.mean()), low, high, len(model))
