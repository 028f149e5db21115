"""Verdicts of paired comparisons, and how often they are wrong."""

import numpy as np
import pytest

from components.evaluator.paired_comparison import (
    MIN_COMPARED_USERS,
    PairedComparison,
    compare_users,
)
from components.gate import Verdict
from schemas.evaluation_settings import MIN_BOOTSTRAP_SAMPLES


def comparison(low: float, high: float, num_users: int = 100) -> PairedComparison:
    middle = (low + high) / 2
    return PairedComparison("mrr", 0.5 + middle, 0.5, low, high, num_users)


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "verdict"),
    [
        (0.01, 0.03, 0.0, Verdict.BETTER),
        (0.01, 0.03, 0.1, Verdict.BETTER),
        (0.0, 0.0, 0.0, Verdict.UNDECIDED),
        (-0.01, 0.03, 0.0, Verdict.UNDECIDED),
        (-0.03, -0.01, 0.0, Verdict.WORSE),
        (-0.03, -0.01, 0.02, Verdict.UNDECIDED),
        (-0.03, -0.01, 0.03, Verdict.NOT_WORSE),
        (-0.03, 0.01, 0.03, Verdict.NOT_WORSE),
        (-0.05, 0.01, 0.03, Verdict.UNDECIDED),
        (-0.09, -0.04, 0.03, Verdict.WORSE),
    ],
)
def test_the_verdict_is_that_of_the_interval(
    low: float, high: float, tolerance: float, verdict: Verdict
) -> None:
    paired = comparison(low, high)

    assert paired.verdict(tolerance) is verdict
    is_accepted = paired.difference >= paired.smallest_accepted(tolerance)
    assert is_accepted is (verdict is not Verdict.WORSE)


@pytest.mark.parametrize("num_users", [0, 1, MIN_COMPARED_USERS - 1])
def test_few_users_give_no_verdict(num_users: int) -> None:
    paired = comparison(-0.9, -0.8, num_users)
    assert paired.verdict() is Verdict.UNDECIDED
    assert paired.describe_doubt() == "at least 30 users are needed for a verdict"


def test_the_detectable_difference_is_half_the_width_of_the_interval() -> None:
    paired = comparison(-0.01, 0.03)
    assert paired.detectable_difference == pytest.approx(0.02)
    assert "a difference below about 0.0200 cannot be distinguished" in paired.describe_doubt()


def test_the_interval_is_paired_by_user() -> None:
    """A constant gain is detected, however much users differ."""
    users = np.random.default_rng(1).random(40)

    paired = compare_users("mrr", users + 0.001, users, num_samples=200, seed=1)

    assert paired.verdict() is Verdict.BETTER
    assert (paired.low, paired.high) == (pytest.approx(0.001), pytest.approx(0.001))
    assert paired.num_users == 40


def test_rounding_errors_are_no_differences() -> None:
    exact = np.full(40, 0.3)
    rounded = np.full(40, 0.1 + 0.2)

    for model, other in ((exact, rounded), (rounded, exact)):
        paired = compare_users("ndcg@10", model, other, num_samples=200, seed=1)
        assert paired.low == paired.high != 0.0
        assert paired.verdict() is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("num_users", "largest"), [(MIN_COMPARED_USERS, 0.05), (100, 0.04), (1000, 0.035)]
)
def test_a_loss_of_the_tolerance_is_rarely_called_worse(num_users: int, largest: float) -> None:
    """About 2.5 % of the time; with few users, the percentiles of a bootstrap are a bit narrow.

    The values are recalls of 0 and 1, of which the two methods share most.
    """
    rng = np.random.default_rng(2)
    changes = rng.choice([-1.0, 0.0, 1.0], (400, num_users), p=[0.15, 0.75, 0.1])
    verdicts = [
        compare_users("recall@10", change, np.zeros(num_users), 400, seed=seed).verdict(0.05)
        for seed, change in enumerate(changes)
    ]
    assert verdicts.count(Verdict.WORSE) / len(verdicts) <= largest


@pytest.mark.parametrize(
    ("num_samples", "smallest", "largest"),
    [(1, 0.45, 0.55), (20, 0.05, 0.09), (MIN_BOOTSTRAP_SAMPLES, 0.02, 0.04)],
)
def test_few_bootstrap_samples_make_verdicts_random(
    num_samples: int, smallest: float, largest: float
) -> None:
    """The true loss is exactly the tolerance."""
    changes = np.random.default_rng(3).normal(-0.05, 0.1, (1500, 200))
    verdicts = [
        compare_users("mrr", change, np.zeros(200), num_samples, seed=seed).verdict(0.05)
        for seed, change in enumerate(changes)
    ]
    assert smallest <= verdicts.count(Verdict.WORSE) / len(verdicts) <= largest
