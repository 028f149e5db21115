"""Searches the settings of a baseline: a coarse grid, extended at its edges, then refined.

The first grid spans each axis with few values. While the best point has a neighbour that was not
tried, because the point is on the edge of an axis, the axis is extended by one value, up to its
limit. Then the intervals around the best point are halved a few times. A full grid of the same
resolution needs many times as many points.
"""

import itertools
from collections.abc import Callable, Sequence

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import Point

# The value of each point, larger is better; points that cannot be evaluated are missing.
Evaluate = Callable[[Sequence[Point]], dict[Point, float]]

_REFINEMENTS = 2


def search_grid(axes: Sequence[Axis], evaluate: Evaluate) -> dict[Point, float]:
    """Evaluates the points of a search.

    Args:
      axes: The axes of the grid.
      evaluate: Evaluates points; it is called several times, with different points.

    Returns:
      The value of each point that was evaluated, in the order of evaluation; empty if no point of
      the first grid could be evaluated.
    """
    attempted: set[Point] = set()
    tried: dict[Point, float] = {}

    def attempt(points: list[Point]) -> bool:
        new = [point for point in points if point not in attempted]
        attempted.update(new)
        tried.update(evaluate(new) if new else {})
        return bool(new)

    attempt(list(itertools.product(*(axis.values for axis in axes))))
    if not tried:
        return tried
    while attempt(_next_to_the_best(axes, tried)):
        pass
    for _ in range(_REFINEMENTS):
        attempt(_around_the_best(axes, tried))
    return tried


def best_point(tried: dict[Point, float]) -> Point:
    """The point with the largest value; the first one of equal points."""
    return max(tried, key=lambda point: tried[point])


def describe_search(axes: Sequence[Axis], tried: dict[Point, float]) -> dict[str, str]:
    """Describes the range of each axis, for `FittedBaseline.settings`.

    Returns:
      "searched": the smallest and the largest value of each axis; "extended": the axes that were
      searched beyond their first grid; "at_edge": the axes on whose edge the best point is, because
      no value beyond it is allowed or can be fitted. The last two only if there are such axes.
    """
    best = best_point(tried)
    searched, extended, at_edge = [], [], []
    for n, axis in enumerate(axes):
        values = sorted({point[n] for point in tried})
        searched.append(f"{axis.name} {values[0]:,g} to {values[-1]:,g}")
        if values[0] < axis.values[0] or values[-1] > axis.values[-1]:
            extended.append(f"{axis.name} from {axis.values[0]:,g} to {axis.values[-1]:,g}")
        if len(values) > 1 and best[n] in (values[0], values[-1]):
            side = "smallest" if best[n] == values[0] else "largest"
            at_edge.append(f"{axis.name} {best[n]:,g} is the {side} value")
    found = {"searched": searched, "extended": extended, "at_edge": at_edge}
    return {key: "; ".join(texts) for key, texts in found.items() if texts}


def _next_to_the_best(axes: Sequence[Axis], tried: dict[Point, float]) -> list[Point]:
    """The points next to the best one on each axis: beyond the grid if it is on an edge."""
    best = best_point(tried)
    points = []
    for n, axis in enumerate(axes):
        low, high = _adjacent(best[n], n, tried)
        beside = (
            axis.below(best[n]) if low is None else low,
            axis.above(best[n]) if high is None else high,
        )
        points += [(*best[:n], value, *best[n + 1 :]) for value in beside if value is not None]
    return points


def _around_the_best(axes: Sequence[Axis], tried: dict[Point, float]) -> list[Point]:
    """The points around the best one, halfway to the next values of each axis."""
    best = best_point(tried)
    choices = []
    for n, axis in enumerate(axes):
        low, high = _adjacent(best[n], n, tried)
        middles = (
            None if low is None else axis.between(low, best[n]),
            None if high is None else axis.between(best[n], high),
        )
        choices.append([best[n], *(value for value in middles if value is not None)])
    return list(itertools.product(*choices))


def _adjacent(value: float, n: int, tried: dict[Point, float]) -> tuple[float | None, float | None]:
    """The next smaller and the next larger value that was tried on axis `n`, if any."""
    values = {point[n] for point in tried}
    return (
        max((other for other in values if other < value), default=None),
        min((other for other in values if other > value), default=None),
    )
