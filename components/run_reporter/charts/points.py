"""Charts of points: recall against latency of the index, and the map of the items."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from components.run_reporter.charts.figure import (
    ACCENT,
    BAD,
    MUTED,
    PALETTE,
    Figure,
    figure,
    inline,
)
from components.run_reporter.formatting import number
from components.run_reporter.table import Table

_MAP_PX = 460
_TABLE_ITEMS = 50
# The categories that the evaluator writes for items of a rare category and of none
# (`components.evaluator.illustrations.shown_items`).
_OTHER_COLOURS = {"(others)": "var(--faint)", "(missing)": MUTED}


@dataclass(frozen=True)
class SearchPoint:
    """A measured way of searching the index.

    Attributes:
      latency_ms: Time of a search in milliseconds.
      recall: Recall relative to exact search.
      settings: The settings of the search as text.
      meets_target: Whether the recall is certain enough to be above the target.
    """

    latency_ms: float
    recall: float
    settings: str
    meets_target: bool


@dataclass(frozen=True)
class MapItem:
    """An item on the map.

    Attributes:
      x: Horizontal place.
      y: Vertical place.
      title: The title, or the id of an item without a title.
      category: The category that decides the colour; "" without one.
      events: Training events of the item.
    """

    x: float
    y: float
    title: str
    category: str
    events: int


def recall_latency_plot(
    name: str, caption: str, points: Sequence[SearchPoint], target: float | None
) -> Figure:
    """Returns a chart of recall against latency, with the target as a line.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      points: At least one point.
      target: The smallest accepted recall, if known.
    """
    rows = [
        {
            "latency": point.latency_ms,
            "recall": point.recall,
            "settings": point.settings,
            "meets": "yes" if point.meets_target else "no",
        }
        for point in points
    ]
    x = alt.X("latency:Q", title="milliseconds per search", scale=alt.Scale(zero=False, padding=12))
    y = alt.Y("recall:Q", title="recall relative to exact search", scale=alt.Scale(zero=False))
    base = alt.Chart(inline(rows))
    layers: list[alt.Chart] = [
        base.mark_line(color=MUTED, interpolate="step-after").encode(x=x, y=y),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=x,
            y=y,
            color=alt.Color(
                "meets:N",
                title="meets the target",
                scale=alt.Scale(domain=["yes", "no"], range=[ACCENT, MUTED]),
            ),
            shape=alt.Shape(
                "meets:N",
                title="meets the target",
                scale=alt.Scale(domain=["yes", "no"], range=["circle", "cross"]),
            ),
            tooltip=[
                alt.Tooltip("settings:N", title="search"),
                alt.Tooltip("recall:Q", title="recall", format=".4f"),
                alt.Tooltip("latency:Q", title="milliseconds", format=".4~g"),
            ],
        ),
    ]
    if target is not None:
        rule = alt.Chart(inline([{"target": target}])).mark_rule(strokeDash=[4, 3], color=BAD)
        layers.append(rule.encode(y="target:Q"))
    table = Table(
        ["search", "milliseconds", "recall", "meets the target"],
        [
            [p.settings, number(p.latency_ms), f"{p.recall:.4f}", "yes" if p.meets_target else "no"]
            for p in points
        ],
    )
    return figure(name, caption, alt.layer(*layers), table)


def item_map_plot(name: str, caption: str, items: Sequence[MapItem], feature: str) -> Figure:
    """Returns the map of the items, coloured by category, with titles on hover.

    The table lists the first items only, which are the most popular ones.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      items: At least one item, the most popular first.
      feature: The name of the category feature; "" without one.
    """
    named = sorted({item.category for item in items} - set(_OTHER_COLOURS))
    colours = dict(zip(named, PALETTE, strict=False)) | _OTHER_COLOURS
    categories = [name for name in colours if name in {item.category for item in items}]
    rows = [
        {"x": i.x, "y": i.y, "title": i.title, "category": i.category, "events": i.events}
        for i in items
    ]
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    chart = (
        alt.Chart(inline(rows))
        .mark_point(filled=True, opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=alt.Color(
                "category:N",
                scale=alt.Scale(domain=categories, range=[colours[name] for name in categories]),
                legend=alt.Legend(title=feature) if len(categories) > 1 else None,
            ),
            size=alt.Size(
                "events:Q",
                title="training events",
                scale=alt.Scale(type="sqrt", range=[18, 220]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("title:N", title="item"),
                alt.Tooltip("category:N", title=feature or "category"),
                alt.Tooltip("events:Q", title="training events", format=","),
            ],
        )
    )
    table = Table(
        ["item", feature or "category", "training events", "x", "y"],
        [
            [i.title, i.category, number(i.events), f"{i.x:.1f}", f"{i.y:.1f}"]
            for i in items[:_TABLE_ITEMS]
        ],
    )
    return figure(name, caption, chart, table, height_px=_MAP_PX)
