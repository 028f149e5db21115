"""The values of a setting beyond and between those of its first grid."""

import pytest

from components.evaluator.baselines.axis import Axis

NEIGHBOURS = Axis("neighbours", (2, 10, 50), 1, 90, is_integer=True)
DECAY = Axis("decay", (0.1, 0.3, 1.0), 0.03, 1.0)


def test_values_beyond_the_grid_are_a_factor_apart_up_to_the_limits() -> None:
    assert NEIGHBOURS.above(50) == 90
    assert NEIGHBOURS.above(90) is None
    assert NEIGHBOURS.below(2) == 1
    assert NEIGHBOURS.below(1) is None
    assert DECAY.below(0.1) == pytest.approx(0.05)
    assert DECAY.below(0.05) == pytest.approx(0.03)
    assert DECAY.above(1.0) is None
    assert Axis("λ", (5.0,), 0.1, 1e6, factor=10.0).above(50.0) == 500.0


def test_values_between_two_others_are_in_the_middle_by_ratio() -> None:
    assert NEIGHBOURS.between(2, 10) == 4
    assert NEIGHBOURS.between(2, 3) is None
    assert NEIGHBOURS.between(2, 2) is None
    assert DECAY.between(0.1, 0.3) == pytest.approx(0.17)
    assert DECAY.between(0.3, 0.3) is None


def test_the_first_grid_lies_within_the_limits() -> None:
    assert Axis.within("days", (1, 3, 10), 0.5, 9).values == (1, 3)
    assert Axis.within("window", (2, 5), 1, 1).values == (1,)
