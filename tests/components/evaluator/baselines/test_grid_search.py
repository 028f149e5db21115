"""Search of settings: known optima on, between and beyond the values of the first grid."""

from collections.abc import Callable, Sequence
from math import log

import pytest

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import Point
from components.evaluator.baselines.grid_search import (
    Evaluate,
    best_point,
    describe_search,
    search_grid,
)

NEIGHBOURS = Axis("neighbours", (2, 10, 50), 1, 1000, is_integer=True)
DECAY = Axis("decay", (0.1, 0.3, 1.0), 0.01, 1.0)


def evaluation(value: Callable[[Point], float], calls: list[Point] | None = None) -> Evaluate:
    def evaluate(points: Sequence[Point]) -> dict[Point, float]:
        if calls is not None:
            calls.extend(points)
        return {point: value(point) for point in points}

    return evaluate


def near(*optimum: float) -> Callable[[Point], float]:
    """A function with one maximum, at `optimum`; distances are measured by ratio."""
    return lambda point: (
        -sum(abs(log(value / best)) for value, best in zip(point, optimum, strict=True))
    )


@pytest.mark.parametrize("optimum", [1, 2, 3, 7, 10, 31, 50, 90, 350, 1000])
def test_an_optimum_anywhere_within_the_limits_is_found(optimum: int) -> None:
    found = best_point(search_grid([NEIGHBOURS], evaluation(near(optimum))))

    assert max(found[0] / optimum, optimum / found[0]) < 1.35


@pytest.mark.parametrize("neighbours", [1, 6, 200])
@pytest.mark.parametrize("decay", [0.02, 0.2, 0.55, 1.0])
def test_the_optimum_of_two_axes_is_found(neighbours: int, decay: float) -> None:
    found = best_point(search_grid([NEIGHBOURS, DECAY], evaluation(near(neighbours, decay))))

    assert max(found[0] / neighbours, neighbours / found[0]) < 1.5
    assert max(found[1] / decay, decay / found[1]) < 1.5


def test_no_point_is_evaluated_twice_and_far_fewer_than_in_a_full_grid() -> None:
    calls: list[Point] = []
    tried = search_grid([NEIGHBOURS, DECAY], evaluation(near(6, 0.2), calls))

    assert len(calls) == len(set(calls)) == len(tried) <= 3 * 3 + 2 * 8


def test_the_first_one_of_equal_points_is_chosen_and_equal_points_end_the_extension() -> None:
    tried = search_grid([NEIGHBOURS], evaluation(lambda _: 0.0))

    assert best_point(tried) == (2,)
    assert min(tried) == (1,)
    assert max(tried) == (50,)


def test_the_better_one_of_two_maxima_is_found_even_if_the_grid_prefers_the_other_one() -> None:
    """The maximum at 3 and 0.1 is a point of the grid; the better one is next to another one."""
    wide = Axis("window", (3, 30), 1, 1000, is_integer=True)

    def value(point: Point) -> float:
        return max(near(3, 0.1)(point), 0.3 + near(60, 0.8)(point))

    tried = search_grid([wide, DECAY], evaluation(value))

    assert max((3, 0.1), (30, 1.0), key=value) == (3, 0.1)
    found = best_point(tried)
    assert max(found[0] / 60, 60 / found[0]) < 1.5
    assert max(found[1] / 0.8, 0.8 / found[1]) < 1.5


def test_points_that_cannot_be_evaluated_are_not_attempted_again() -> None:
    calls: list[Point] = []

    def evaluate(points: Sequence[Point]) -> dict[Point, float]:
        calls.extend(points)
        return {point: -point[0] for point in points if point[0] >= 10}

    tried = search_grid([NEIGHBOURS], evaluate)

    # 5 is below the smallest value that could be evaluated; (2,) and (5,) are attempted once.
    assert best_point(tried) == (10,)
    assert calls.count((2,)) == calls.count((5,)) == 1
    assert describe_search([NEIGHBOURS], tried)["at_edge"] == "neighbours 10 is the smallest value"


def test_without_any_evaluated_point_nothing_is_searched_further() -> None:
    calls: list[Point] = []

    def evaluate(points: Sequence[Point]) -> dict[Point, float]:
        calls.extend(points)
        return {}

    assert search_grid([NEIGHBOURS], evaluate) == {}
    assert calls == [(2,), (10,), (50,)]


def test_the_description_has_the_ranges_the_extensions_and_the_edges() -> None:
    inside = search_grid([NEIGHBOURS, DECAY], evaluation(near(10, 0.3)))
    beyond = search_grid([NEIGHBOURS, DECAY], evaluation(near(5000, 0.3)))
    alone = search_grid([Axis("days", (1,), 1, 1)], evaluation(lambda _: 0.0))

    assert describe_search([NEIGHBOURS, DECAY], inside) == {
        "searched": "neighbours 2 to 50; decay 0.1 to 1"
    }
    assert describe_search([NEIGHBOURS, DECAY], beyond) == {
        "searched": "neighbours 2 to 1,000; decay 0.1 to 1",
        "extended": "neighbours from 2 to 50",
        "at_edge": "neighbours 1,000 is the largest value",
    }
    assert describe_search([Axis("days", (1,), 1, 1)], alone) == {"searched": "days 1 to 1"}
