"""A figure of the report: a Vega-Lite specification, its caption, and its values as a table.

Colours are CSS variables of the page, which the SVG of a chart inherits, so that one chart serves
for light, dark and printed pages. Vega-Lite: https://vega.github.io/vega-lite/docs/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from components.run_reporter.table import Table

ACCENT, GOOD, BAD, MUTED = "var(--accent)", "var(--good)", "var(--bad)", "var(--muted)"
# Variables of the page, distinguishable with any colour vision (Okabe and Ito's palette), with two
# more for maps.
PALETTE = tuple(f"var(--c{number})" for number in range(1, 10))
DASHES = ((1, 0), (7, 3), (2, 3), (9, 3, 2, 3), (4, 4), (1, 4), (12, 3))
_FONT = "system-ui, sans-serif"
_FONT_PX = 12
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": _FONT,
    "view": {"stroke": None},
    "mark": {"color": ACCENT},
    "axis": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--ink)",
        "gridColor": "var(--line)",
        "domainColor": MUTED,
        "tickColor": MUTED,
        "labelFontSize": _FONT_PX,
        "titleFontSize": _FONT_PX,
        "titleFontWeight": "normal",
        "labelLimit": 150,
        "labelOverlap": "greedy",
        "labelSeparation": 8,
    },
    "axisX": {"tickCount": 6},
    "legend": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--ink)",
        "labelFontSize": _FONT_PX,
        "titleFontSize": _FONT_PX,
        "titleFontWeight": "normal",
        "orient": "bottom",
        "columns": 3,
        "labelLimit": 140,
    },
}


@dataclass(frozen=True)
class Figure:
    """A chart with its caption and its values.

    Attributes:
      name: Identifies the figure in the page: letters, digits and hyphens.
      caption: What the chart shows, in a few words.
      spec: The Vega-Lite specification, with its data.
      table: The values of the chart.
    """

    name: str
    caption: str
    spec: dict[str, Any]
    table: Table


def figure(
    name: str, caption: str, chart: alt.TopLevelMixin, table: Table, height_px: int | None = 240
) -> Figure:
    """Returns a figure as wide as its place in the page.

    Args:
      name: Identifies the figure in the page: letters, digits and hyphens.
      caption: What the chart shows; also the description for screen readers.
      chart: A chart with one view.
      table: The values of the chart.
      height_px: The height of the view; None for a chart that sets the height of each row.
    """
    size = {} if height_px is None else {"height": height_px}
    sized = chart.properties(
        width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"), **size
    )
    spec = sized.to_dict()
    spec["config"] = _CONFIG
    spec["description"] = caption
    return Figure(name, caption, spec, table)


def inline(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Returns rows as the data of a chart."""
    return alt.InlineData(values=list(rows))
