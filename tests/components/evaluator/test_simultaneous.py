"""Intervals that are read together: against SciPy, and by how often all of them are right."""

import numpy as np
import pytest
from scipy import stats

from components.evaluator.simultaneous import (
    MIN_USERS,
    difference_interval,
    metric_interval,
    simultaneous_level,
)

NUM_SLICES, NUM_TRIALS = 20, 2_000
LEVEL = simultaneous_level(NUM_SLICES)


@pytest.mark.parametrize("hits", [0, 3, 40, 80])
@pytest.mark.parametrize("level", [0.95, LEVEL])
def test_the_interval_of_zeros_and_ones_is_that_of_scipy(hits: int, level: float) -> None:
    values = np.repeat([1.0, 0.0], [hits, 80 - hits])
    expected = stats.binomtest(hits, 80).proportion_ci(level, method="wilson")
    assert metric_interval(values, level) == pytest.approx([expected.low, expected.high])


def test_the_interval_of_differences_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.3, size=70)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(LEVEL)
    assert difference_interval(values, LEVEL) == pytest.approx([expected.low, expected.high])


@pytest.mark.parametrize("num_users", [MIN_USERS, 300])
def test_together_the_intervals_of_a_metric_have_the_level(num_users: int) -> None:
    """Zeros and ones with a mean of 0.1 are skewed, and their variance is the largest."""
    rng = np.random.default_rng(2)
    sizes = rng.binomial(num_users, 0.1, size=(NUM_TRIALS, NUM_SLICES))
    is_right = {hits: _contains(hits, num_users) for hits in np.unique(sizes)}
    all_right = np.mean([all(is_right[hits] for hits in trial) for trial in sizes])
    assert all_right > 0.93


def _contains(hits: int, num_users: int) -> bool:
    values = np.repeat([1.0, 0.0], [hits, num_users - hits])
    low, high = metric_interval(values, LEVEL)
    return low <= 0.1 <= high


def test_percentiles_of_a_bootstrap_would_be_too_narrow() -> None:
    """The bootstrap of `hits` ones is a binomial distribution, so that it has exact percentiles."""
    num_users, mean = 30, 0.1
    hits = np.arange(num_users + 1)
    resampled = stats.binom(num_users, hits / num_users)
    low, high = (resampled.ppf(tail) / num_users for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    misses = stats.binom.pmf(hits, num_users, mean)[(low > mean) | (high < mean)].sum()
    assert pytest.approx(1 / 400) == 1 - LEVEL
    assert misses == pytest.approx(4 / 100, abs=0.005)


def share_of_right_differences(num_users: int) -> float:
    """Returns how often all intervals of 20 differences of zeros and ones contain their value.

    Two methods have a recall of 0.1 and 0.08, and agree on 86 % of the users.
    """
    rng = np.random.default_rng(3)
    trials = rng.choice([-1.0, 0.0, 1.0], (500, NUM_SLICES, num_users), p=[0.06, 0.86, 0.08])
    is_right = [
        [low <= 0.02 <= high for low, high in (difference_interval(x, LEVEL) for x in trial)]
        for trial in trials
    ]
    return float(np.mean(np.all(is_right, axis=1)))


@pytest.mark.parametrize("num_users", [MIN_USERS, 300])
def test_together_the_intervals_of_differences_have_the_level(num_users: int) -> None:
    assert share_of_right_differences(num_users) > 0.93


def test_fewer_users_would_be_too_few() -> None:
    assert share_of_right_differences(MIN_USERS // 2) < 0.85


def test_single_intervals_are_not_all_right() -> None:
    """Twenty independent intervals of 95 % are all right in 0.95 ** 20 = 36 % of the cases."""
    values = np.random.default_rng(4).normal(0.0, 1.0, (200, NUM_SLICES, MIN_USERS))
    is_right = [
        [low <= 0.0 <= high for low, high in (difference_interval(x, 0.95) for x in trial)]
        for trial in values
    ]
    assert np.mean(np.all(is_right, axis=1)) == pytest.approx(0.95**NUM_SLICES, abs=0.1)
