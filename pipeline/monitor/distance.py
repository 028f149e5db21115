"""Distances between what was served and what was evaluated, and what chance alone makes of them.

The population stability index of two distributions p and q over the same bins is
sum (p - q) ln(p / q), the symmetric Kullback-Leibler divergence (Jeffreys, 1946). By convention, a
value up to 0.1 is no change, and one above 0.25 a large one (Siddiqi, 2006, "Credit Risk
Scorecards"). Between two samples of n and m of the same distribution it is distributed like
(1/n + 1/m) times a chi-squared variable with one degree of freedom less than bins (Yurdakul and
Naranjo, 2020, "Statistical properties of the population stability index"). Requests of one user
depend on each other, so n and m are numbers of users.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

# Larger distances are a moderate or a large change.
MODERATE = 0.1
LARGE = 0.25
# The probability that chance exceeds `chance_limit`.
_SIGNIFICANCE = 0.01
# Added to each count, so that an empty bin has a share above 0 (Jeffreys' prior).
_PSEUDO_COUNT = 0.5


def stability_index(served: Sequence[int], evaluated: Sequence[int]) -> float:
    """Returns the population stability index of two histograms over the same bins.

    >>> round(stability_index([50, 50], [50, 50]), 3), round(stability_index([90, 10], [50, 50]), 3)
    (0.0, 0.853)

    Args:
      served: The number of values in each bin.
      evaluated: The number of values of the reference in each bin.
    """
    p = np.asarray(served, np.float64) + _PSEUDO_COUNT
    q = np.asarray(evaluated, np.float64) + _PSEUDO_COUNT
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((p - q) * np.log(p / q)))


def chance_limit(num_bins: int, num_served_users: int, num_evaluated_users: int) -> float:
    """Returns the stability index that chance exceeds in one case of a hundred.

    >>> round(chance_limit(10, 1000, 1000), 3), round(chance_limit(2, 20, 1000), 2)
    (0.043, 0.34)
    """
    quantile = float(special.chdtri(num_bins - 1, _SIGNIFICANCE))
    return quantile * (1 / num_served_users + 1 / num_evaluated_users)


def expected_items(frequencies: Mapping[int, int], num_lists: int, size: int) -> float:
    """Returns the expected number of distinct items in a random part of some lists.

    Coverage grows with the number of lists, so it is compared at equal numbers (rarefaction;
    Hurlbert, 1971, "The nonconcept of species diversity").

    >>> expected_items({1: 3, 2: 1}, 2, 2), round(expected_items({1: 3, 2: 1}, 2, 1), 6)
    (4.0, 2.5)

    Args:
      frequencies: The number of items that occur in as many lists, by that number of lists.
      num_lists: The number of lists.
      size: The number of lists of the part, at most `num_lists`.
    """
    frequency = np.array(list(frequencies), np.float64)
    num_items = np.array(list(frequencies.values()), np.float64)
    # The probability that none of the lists of an item is in the part, as a ratio of binomial
    # coefficients. It is 0 if the others are fewer than `size`.
    others = num_lists - frequency
    is_possible = others >= size
    absent = np.zeros(len(frequency))
    absent[is_possible] = np.exp(
        special.gammaln(others[is_possible] + 1)
        - special.gammaln(others[is_possible] - size + 1)
        - special.gammaln(num_lists + 1)
        + special.gammaln(num_lists - size + 1)
    )
    return float(np.sum(num_items * (1 - absent)))
