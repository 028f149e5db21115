"""Line charts as inline SVG without scripts or external resources, with text for screen readers."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from components.run_reporter.formatting import number

_WIDTH, _HEIGHT = 460, 300
_TOP, _BOTTOM, _LEFT = 16, 46, 52
_LABEL_PX, _LINE_PX = 8.3, 16
# A range below this share of the largest value, or below this size, is not drawn to scale.
_RESOLUTION, _SMALLEST = 1e-9, 1e-300
# Okabe and Ito's palette is distinguishable with any colour vision; dashes distinguish lines in
# print.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#8a5a9e", "#8c6d00", "#4d4d4d")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "1 4")


@dataclass(frozen=True)
class Series:
    """A named line through `points`, pairs (x, y) sorted by x."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Scale:
    """Maps data to pixels along one axis."""

    low: float
    high: float
    start_px: float
    end_px: float

    def __call__(self, value: float) -> float:
        # The numbers are halved first, because the difference of two floats may overflow.
        half_range = self.high / 2 - self.low / 2
        share = (value / 2 - self.low / 2) / half_range if half_range > 0 else 0.5
        return self.start_px + share * (self.end_px - self.start_px)


def line_chart(
    title: str, x_title: str, series: Sequence[Series], *, log_x: bool = False, from_zero: bool
) -> Markup:
    """Draws the series as lines with labels at their right ends; the first line is the boldest.

    Args:
      title: The title, which screen readers read together with the last value of every line.
      x_title: The title of the horizontal axis.
      series: At least one series, each with at least one point.
      log_x: Whether the horizontal axis is logarithmic.
      from_zero: Whether the vertical axis starts at 0.

    Returns:
      An `svg` element.
    """
    label_px = max(len(line.name) for line in series) * _LABEL_PX + 12
    values = [y for line in series for _, y in line.points]
    ticks = _ticks(0.0 if from_zero else min(values), max(values))
    xs = sorted({x for line in series for x, _ in line.points})
    to_axis = math.log if log_x else float
    scale_x = _Scale(to_axis(xs[0]), to_axis(xs[-1]), _LEFT + 6, _WIDTH - label_px)
    scale_y = _Scale(ticks[0], ticks[-1], _HEIGHT - _BOTTOM, _TOP)

    lines = [
        Series(line.name, [(scale_x(to_axis(x)), scale_y(y)) for x, y in line.points])
        for line in series
    ]
    parts = [
        _grid(ticks, scale_y, _WIDTH - label_px),
        _x_axis([(scale_x(to_axis(x)), number(x)) for x in xs], x_title),
        *(_line(line, index) for index, line in reversed(list(enumerate(lines)))),
        _labels(lines),
    ]
    last_values = ", ".join(f"{line.name} {number(line.points[-1][1])}" for line in series)
    return Markup(
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}. At {x} {last}: '
        '{last_values}">{body}</svg>'
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        title=title,
        x=x_title,
        last=number(xs[-1]),
        last_values=last_values,
        body=Markup("").join(parts),
    )


def _ticks(low: float, high: float) -> list[float]:
    """Returns up to seven round values (multiples of 1, 2 or 5 times a power of ten).

    The ticks enclose the range. A range that is too narrow or too small to be drawn to scale gets
    the ticks of a single value.
    """
    largest = max(abs(low), abs(high))
    half_range = high / 2 - low / 2
    if half_range <= _RESOLUTION * largest:
        half_range = largest / 2
    if half_range < _SMALLEST:
        half_range = 0.5
    power = 10.0 ** math.floor(math.log10(half_range / 2))
    step = next(power * factor for factor in (1, 2, 5, 10) if half_range / (power * factor) <= 2.5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = (index * step for index in range(first, max(last, first + 1) + 1))
    return [min(max(tick, -sys.float_info.max), sys.float_info.max) for tick in ticks]


def _grid(ticks: list[float], scale_y: _Scale, right_px: float) -> Markup:
    row = Markup(
        '<line class="grid" x1="{left}" x2="{right:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text class="tick" x="{text}" y="{y:.1f}" dy="4" text-anchor="end">{label}</text>'
    )
    return Markup("").join(
        row.format(left=_LEFT, right=right_px, text=_LEFT - 6, y=scale_y(tick), label=f"{tick:.4g}")
        for tick in ticks
    )


def _x_axis(ticks: list[tuple[float, str]], title: str) -> Markup:
    """Draws as many tick labels as fit without overlap, and the axis title."""
    y = _HEIGHT - _BOTTOM + 18
    row = Markup('<text class="tick" x="{x:.1f}" y="{y}" text-anchor="middle">{label}</text>')
    shown, free_from = [], -math.inf
    for x, text in ticks:
        half = len(text) * _LABEL_PX / 2 + 4
        if x - half >= free_from:
            shown.append(row.format(x=x, y=y, label=text))
            free_from = x + half
    middle = (ticks[0][0] + ticks[-1][0]) / 2
    return Markup("").join([*shown, row.format(x=middle, y=y + 20, label=title)])


def _line(line: Series, index: int) -> Markup:
    style = index % len(_COLOURS)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    stroke = Markup(
        '<polyline fill="none" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}" '
        'points="{points}"/>'
    ).format(
        colour=_COLOURS[style], width=1.6 if index else 2.8, dash=_DASHES[style], points=points
    )
    dot = Markup('<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{colour}"/>')
    return stroke + Markup("").join(
        dot.format(x=x, y=y, r=1.8 if index else 3.2, colour=_COLOURS[style])
        for x, y in line.points
    )


def _labels(lines: list[Series]) -> Markup:
    """Draws the names at the ends of the lines, moved apart vertically if they would overlap."""
    ends = sorted((line.points[-1][1], index) for index, line in enumerate(lines))
    row = Markup('<text x="{x:.1f}" y="{y:.1f}" dy="4" fill="{colour}"{bold}>{name}</text>')
    lowest_allowed = _HEIGHT - _BOTTOM
    placed: list[float] = []
    for y, _ in ends:
        placed.append(max(y, placed[-1] + _LINE_PX) if placed else y)
    overflow = max(0.0, placed[-1] - lowest_allowed)
    for position in range(len(placed) - 1, -1, -1):
        ceiling = placed[position + 1] - _LINE_PX if position + 1 < len(placed) else lowest_allowed
        placed[position] = min(placed[position], ceiling) if overflow else placed[position]
    return Markup("").join(
        row.format(
            x=lines[index].points[-1][0] + 8,
            y=y,
            colour=_COLOURS[index % len(_COLOURS)],
            bold=Markup("") if index else Markup(' font-weight="700"'),
            name=escape(lines[index].name),
        )
        for y, (_, index) in zip(placed, ends, strict=True)
    )
