"""Line charts: curves over epochs, over K, or over the ranks of items."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from components.run_reporter.charts.figure import DASHES, PALETTE, Figure, figure, inline
from components.run_reporter.formatting import NOTHING, number
from components.run_reporter.table import Table

# More lines in a chart are not distinguishable; the tables contain all of them.
MAX_LINES = 7


@dataclass(frozen=True)
class Series:
    """A named line through `points`, pairs (x, y) sorted by x."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(
    name: str,
    caption: str,
    axes: tuple[str, str],
    series: Sequence[Series],
    *,
    log: tuple[bool, bool] = (False, False),
    from_zero: bool = False,
    marks: bool = True,
) -> Figure:
    """Returns a chart with one line for each series; the first line is the boldest.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      axes: The titles of the horizontal and of the vertical axis.
      series: At least one series, each with at least one point.
      log: Whether the axes are logarithmic.
      from_zero: Whether the vertical axis starts at 0.
      marks: Whether points are marked.
    """
    drawn = series[:MAX_LINES]
    names = [line.name for line in drawn]
    rows = [
        {"line": line.name, "x": x, "y": y, "first": index == 0}
        for index, line in enumerate(drawn)
        for x, y in line.points
    ]
    legend = alt.Legend(title=None) if len(names) > 1 else None
    colour = alt.Color(
        "line:N",
        sort=names,
        scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])),
        legend=legend,
    )
    x_values = sorted({x for line in drawn for x, _ in line.points})
    encoding = {
        "x": alt.X(
            "x:Q",
            title=axes[0],
            scale=_scale(log[0], zero=False),
            axis=_x_axis(x_values, log[0]),
        ),
        "y": alt.Y("y:Q", title=axes[1], scale=_scale(log[1], zero=from_zero)),
        "color": colour,
        "tooltip": [
            alt.Tooltip("line:N", title="line"),
            alt.Tooltip("x:Q", title=axes[0]),
            alt.Tooltip("y:Q", title=axes[1], format=",.4~g"),
        ],
    }
    base = alt.Chart(inline(rows))
    line = base.mark_line().encode(
        **encoding,
        strokeDash=alt.StrokeDash(
            "line:N",
            sort=names,
            scale=alt.Scale(domain=names, range=[list(dash) for dash in DASHES[: len(names)]]),
            legend=legend,
        ),
        strokeWidth=alt.condition("datum.first", alt.value(3), alt.value(1.6)),
    )
    points = base.mark_point(filled=True, size=30, opacity=1).encode(**encoding)
    chart = alt.layer(line, points) if marks else alt.layer(line)
    return figure(name, caption, chart, _table(axes, series))


def _x_axis(values: Sequence[float], log: bool) -> alt.Axis:
    if log and len(values) <= 8:
        # Few values, such as the values of K, are all labelled.
        return alt.Axis(values=values)
    return alt.Axis() if log else alt.Axis(tickMinStep=1)


def _scale(log: bool, zero: bool) -> alt.Scale:
    return alt.Scale(type="log", nice=False) if log else alt.Scale(zero=zero)


def _table(axes: tuple[str, str], series: Sequence[Series]) -> Table:
    """Returns a row for each x and a column for each line."""
    values = {line.name: dict(line.points) for line in series}
    heads = [line.name for line in series] if len(series) > 1 else [axes[1]]
    rows = [
        [
            number(x),
            *(
                number(values[line.name][x]) if x in values[line.name] else NOTHING
                for line in series
            ),
        ]
        for x in sorted({x for line in series for x, _ in line.points})
    ]
    return Table([axes[0], *heads], rows)
