"""Searches the settings of a baseline: a coarse grid, extended at its edges, then refined.

The first grid spans each axis with few values. The search continues from its best point and from
its second best local maximum, because between the points of the grid, the values near one of them
may be much better. While a better point is next to the current one, the search moves there; on the
edge of an axis, the next point is beyond the grid, up to the limit of the axis. Then the intervals
around the point are halved a few times. A full grid of the same resolution needs many times as many
points.
"""

import itertools
from collections.abc import Callable, Sequence

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import Point

# The value of each point, larger is better; points that cannot be evaluated are missing.
Evaluate = Callable[[Sequence[Point]], dict[Point, float]]
# Evaluates the points that were not attempted before.
Attempt = Callable[[list[Point]], None]

_REFINEMENTS = 2
_MAX_STARTS = 2


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

    def attempt(points: list[Point]) -> None:
        new = [point for point in points if point not in attempted]
        attempted.update(new)
        if new:
            tried.update(evaluate(new))

    attempt(list(itertools.product(*(axis.values for axis in axes))))
    if not tried:
        return tried
    starts = _local_maxima(axes, tried)[:_MAX_STARTS]
    for best in [_climb(axes, tried, attempt, start) for start in starts]:
        _refine(axes, tried, attempt, best)
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


def _local_maxima(axes: Sequence[Axis], tried: dict[Point, float]) -> list[Point]:
    """The points of a full grid without a better point next to them, from best to worst."""
    maxima = [
        point
        for point, value in tried.items()
        if all(tried.get(other, value) <= value for other in _next_points(axes, tried, point))
    ]
    return sorted(maxima, key=lambda point: -tried[point])


def _climb(
    axes: Sequence[Axis], tried: dict[Point, float], attempt: Attempt, start: Point
) -> Point:
    """Moves to the best adjacent point until none is better, and extends the axes on the way."""
    best = start
    while True:
        points = _next_points(axes, tried, best)
        attempt(points)
        better = _best_of([best, *points], tried)
        if better == best:
            return best
        best = better


def _refine(axes: Sequence[Axis], tried: dict[Point, float], attempt: Attempt, best: Point) -> None:
    """Halves the intervals around the best point, a few times."""
    for _ in range(_REFINEMENTS):
        points = _around(axes, tried, best)
        attempt(points)
        best = _best_of([best, *points], tried)


def _best_of(points: Sequence[Point], tried: dict[Point, float]) -> Point:
    """The best one of the points that were evaluated; the first one of equal points."""
    return best_point({point: tried[point] for point in points if point in tried})


def _next_points(axes: Sequence[Axis], tried: dict[Point, float], point: Point) -> list[Point]:
    """The points next to a point on each axis: beyond the grid if it is on an edge."""
    points = []
    for n, axis in enumerate(axes):
        low, high = _adjacent(point[n], n, tried)
        values = (
            axis.below(point[n]) if low is None else low,
            axis.above(point[n]) if high is None else high,
        )
        points += [(*point[:n], value, *point[n + 1 :]) for value in values if value is not None]
    return points


def _around(axes: Sequence[Axis], tried: dict[Point, float], point: Point) -> list[Point]:
    """The points around a point, halfway to the next values of each axis."""
    choices = []
    for n, axis in enumerate(axes):
        low, high = _adjacent(point[n], n, tried)
        middles = (
            None if low is None else axis.between(low, point[n]),
            None if high is None else axis.between(point[n], high),
        )
        choices.append([point[n], *(value for value in middles if value is not None)])
    return list(itertools.product(*choices))


def _adjacent(value: float, n: int, tried: dict[Point, float]) -> tuple[float | None, float | None]:
    """The next smaller and the next larger value that was tried on axis `n`, if any."""
    values = {point[n] for point in tried}
    return (
        max((other for other in values if other < value), default=None),
        min((other for other in values if other > value), default=None),
    )
