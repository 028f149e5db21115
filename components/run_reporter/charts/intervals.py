"""Forest plots: values with confidence intervals, one row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import altair as alt

from components.evaluator.paired_comparison import PairedComparison
from components.gate import Verdict
from components.run_reporter.charts.figure import ACCENT, BAD, GOOD, MUTED, Figure, figure, inline
from components.run_reporter.formatting import NOTHING, interval, metric
from components.run_reporter.table import Table

Outcome = Literal["better", "undecided", "worse"]
OUTCOMES: tuple[Outcome, ...] = ("better", "undecided", "worse")
_COLOURS = {"better": GOOD, "undecided": MUTED, "worse": BAD}
# Shapes distinguish the outcomes without colour.
_SHAPES = {"better": "triangle-up", "undecided": "circle", "worse": "triangle-down"}
_OUTCOMES: dict[Verdict, Outcome] = {
    Verdict.BETTER: "better",
    Verdict.UNDECIDED: "undecided",
    Verdict.WORSE: "worse",
}
_ROW_PX = 26


@dataclass(frozen=True)
class Difference:
    """The difference of the model from another method: its value and 95 % interval.

    Attributes:
      name: The other method.
      value: The metric of the model minus that of the method.
      bounds: The ends of the interval.
      users: Number of users over which the difference was averaged.
    """

    name: str
    value: float
    bounds: tuple[float, float]
    users: int

    @property
    def outcome(self) -> Outcome:
        """The verdict of the gates on the same interval, without a tolerance."""
        compared = PairedComparison(self.name, self.value, 0.0, *self.bounds, self.users)
        return _OUTCOMES[compared.verdict()]


@dataclass(frozen=True)
class SliceRow:
    """The metric of the model on one slice.

    Attributes:
      name: The slice.
      value: The metric of the model.
      bounds: The ends of the interval; None for a slice with few users.
      baseline: The best baseline on the slice and its metric; None without baselines.
      users: Number of users of the slice.
    """

    name: str
    value: float
    bounds: tuple[float, float] | None
    baseline: tuple[str, float] | None
    users: int


def difference_plot(
    name: str, caption: str, title: str, differences: Sequence[Difference]
) -> Figure:
    """Returns a forest plot of differences, with a line at 0.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      title: The title of the horizontal axis.
      differences: The differences, at least one.
    """
    rows = [
        {
            "name": row.name,
            "value": row.value,
            "low": row.bounds[0],
            "high": row.bounds[1],
            "outcome": row.outcome,
            "text": interval(row.bounds, signed=True),
        }
        for row in differences
    ]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("name:N", sort=[row.name for row in differences], title=None),
        color=alt.Color(
            "outcome:N",
            scale=alt.Scale(domain=list(OUTCOMES), range=[_COLOURS[o] for o in OUTCOMES]),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("name:N", title="against"),
            alt.Tooltip("value:Q", title="difference", format="+.4f"),
            alt.Tooltip("text:N", title="95 % interval"),
            alt.Tooltip("outcome:N", title="the model is"),
        ],
    )
    zero = (
        alt.Chart(inline([{"zero": 0}]))
        .mark_rule(strokeDash=[4, 3], color=MUTED)
        .encode(x="zero:Q")
    )
    line = base.mark_rule(size=2).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("value:Q", title=title),
        shape=alt.Shape(
            "outcome:N",
            scale=alt.Scale(domain=list(OUTCOMES), range=[_SHAPES[o] for o in OUTCOMES]),
            legend=None,
        ),
    )
    table = Table(
        ["against", "difference", "95 % interval", "the model is"],
        [
            [row.name, f"{row.value:+.4f}", interval(row.bounds, signed=True), row.outcome]
            for row in differences
        ],
    )
    height_px = _ROW_PX * len(differences)
    return figure(name, caption, alt.layer(zero, line, point), table, height_px=height_px)


def slice_plot(
    name: str, caption: str, title: str, slices: Sequence[SliceRow], overall: float
) -> Figure:
    """Returns a forest plot of a metric by slice, with the best baseline of each.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      title: The title of the horizontal axis.
      slices: The slices, at least one.
      overall: The metric on all targets, drawn as a line.
    """
    rows = [
        {
            "name": row.name,
            "value": row.value,
            **({"low": row.bounds[0], "high": row.bounds[1]} if row.bounds else {}),
            **({"baseline": row.baseline[1], "best": row.baseline[0]} if row.baseline else {}),
            "users": row.users,
            "text": interval(row.bounds) or "too few users",
        }
        for row in slices
    ]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("name:N", sort=[row.name for row in slices], title=None),
        tooltip=[
            alt.Tooltip("name:N", title="slice"),
            alt.Tooltip("users:Q", title="users", format=","),
            alt.Tooltip("value:Q", title="this model", format=".4f"),
            alt.Tooltip("text:N", title="interval"),
            alt.Tooltip("best:N", title="best baseline"),
            alt.Tooltip("baseline:Q", title="its value", format=".4f"),
        ],
    )
    mean = (
        alt.Chart(inline([{"overall": overall}]))
        .mark_rule(strokeDash=[4, 3], color=MUTED)
        .encode(x="overall:Q")
    )
    x = alt.X("value:Q", title=title, scale=alt.Scale(zero=True))
    line = base.mark_rule(size=2, color=ACCENT).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=70, opacity=1, color=ACCENT).encode(x=x)
    tick = base.mark_tick(thickness=3, size=16, color="var(--c2)").encode(
        x=alt.X("baseline:Q", title=title)
    )
    table = Table(
        ["slice", "users", title, "interval", "best baseline", "its value"],
        [
            [
                row.name,
                f"{row.users:,}",
                metric(row.value),
                interval(row.bounds) or NOTHING,
                row.baseline[0] if row.baseline else NOTHING,
                metric(row.baseline[1]) if row.baseline else NOTHING,
            ]
            for row in slices
        ],
    )
    height_px = _ROW_PX * len(slices)
    return figure(name, caption, alt.layer(mean, line, tick, point), table, height_px=height_px)
