"""Bar charts: counts over time, over ranges, and of named values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

import altair as alt

from components.run_reporter.charts.figure import ACCENT, PALETTE, Figure, figure, inline
from components.run_reporter.formatting import number
from components.run_reporter.table import Table

_ROW_PX = 22
# More labels of bars do not fit on a narrow page.
_MAX_LABELS = 12


def period_bars(
    name: str,
    caption: str,
    period_s: int,
    counts: Mapping[str, Sequence[tuple[int, int]]],
) -> Figure:
    """Returns a chart of counts by period, stacked by group.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      period_s: The width of a period in seconds.
      counts: By group, pairs of the start of a period (seconds since the epoch, UTC) and a count.
    """
    groups = list(counts)
    rows = [
        {
            "group": group,
            "start": _instant(start_s),
            "end": _instant(start_s + period_s),
            "count": count,
            "order": index,
        }
        for index, group in enumerate(groups)
        for start_s, count in counts[group]
    ]
    chart = (
        alt.Chart(inline(_stacked(rows)))
        .mark_bar(stroke=None)
        .encode(
            x=alt.X("start:T", title=None, scale=alt.Scale(type="utc")),
            x2="end:T",
            y=alt.Y("low:Q", title="events"),
            y2="high:Q",
            color=alt.Color(
                "group:N",
                sort=groups,
                scale=alt.Scale(domain=groups, range=list(PALETTE[: len(groups)])),
                legend=alt.Legend(title=None),
            ),
            tooltip=[
                alt.Tooltip("group:N", title="split"),
                alt.Tooltip("start:N", title="from"),
                alt.Tooltip("end:N", title="to"),
                alt.Tooltip("count:Q", title="events", format=","),
            ],
        )
    )
    by_start: dict[int, dict[str, int]] = {}
    for group in groups:
        for start_s, count in counts[group]:
            by_start.setdefault(start_s, {})[group] = count
    table = Table(
        ["from", *groups],
        [
            [_instant(start_s), *(number(by_start[start_s].get(group, 0)) for group in groups)]
            for start_s in sorted(by_start)
        ],
    )
    return figure(name, caption, chart, table)


def range_bars(
    name: str, caption: str, axes: tuple[str, str], bars: Sequence[tuple[str, float]]
) -> Figure:
    """Returns a chart of vertical bars in the given order, such as the bars of a histogram.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      axes: The titles of the horizontal and of the vertical axis.
      bars: Pairs of label and value.
    """
    labels = [label for label, _ in bars]
    chart = (
        alt.Chart(inline([{"label": label, "value": value} for label, value in bars]))
        .mark_bar()
        .encode(
            x=alt.X(
                "label:N",
                sort=labels,
                title=axes[0],
                axis=alt.Axis(labelAngle=-45, labelOverlap=len(labels) > _MAX_LABELS),
            ),
            y=alt.Y("value:Q", title=axes[1]),
            tooltip=[
                alt.Tooltip("label:N", title=axes[0]),
                alt.Tooltip("value:Q", title=axes[1], format=",.4~g"),
            ],
        )
    )
    table = Table(list(axes), [[label, number(value)] for label, value in bars])
    return figure(name, caption, chart, table, height_px=200)


def histogram(
    name: str,
    caption: str,
    title: str,
    buckets: Sequence[tuple[float, float, float]],
    is_time: bool = False,
) -> Figure:
    """Returns a histogram.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      title: The title of the horizontal axis.
      buckets: Triples of the ends of a bucket and the number of its values.
      is_time: Whether the ends are times, in seconds since the epoch, UTC.
    """

    def end(value: float) -> object:
        return _instant(value) if is_time else value

    rows = [
        {"low": end(low), "high": end(high), "count": count, "base": 0}
        for low, high, count in buckets
    ]
    scale = alt.Scale(type="utc") if is_time else alt.Scale(zero=False)
    x = (
        alt.X("low:T", title=title, scale=scale)
        if is_time
        else alt.X("low:Q", title=title, scale=scale, bin="binned")
    )
    chart = (
        alt.Chart(inline(rows))
        .mark_bar(binSpacing=1)
        .encode(
            x=x,
            x2="high",
            y=alt.Y("count:Q", title="values"),
            y2="base",
            tooltip=[
                alt.Tooltip("low", type="nominal", title="from"),
                alt.Tooltip("high", type="nominal", title="to"),
                alt.Tooltip("count:Q", title="values", format=",.0f"),
            ],
        )
    )
    table = Table(
        ["from", "to", "values"],
        [[_text(row["low"]), _text(row["high"]), _text(row["count"])] for row in rows],
    )
    return figure(name, caption, chart, table, height_px=160)


def named_bars(
    name: str,
    caption: str,
    axes: tuple[str, str],
    bars: Sequence[tuple[str, float, str]],
    colour: str = ACCENT,
) -> Figure:
    """Returns a chart of horizontal bars in the given order, with their values as text.

    Args:
      name: The name of the figure.
      caption: The caption of the figure.
      axes: The titles of the names and of the values.
      bars: Triples of name, value, and value as text.
      colour: The colour of the bars.
    """
    names = [label for label, _, _ in bars]
    rows = [{"label": label, "value": value, "text": text} for label, value, text in bars]
    base = alt.Chart(inline(rows)).encode(
        y=alt.Y("label:N", sort=names, title=None),
        tooltip=[alt.Tooltip("label:N", title=axes[0]), alt.Tooltip("text:N", title=axes[1])],
    )
    longest = max((value for _, value, _ in bars), default=0)
    x = alt.X(
        "value:Q",
        title=None,
        axis=None,
        # The axis is longer than the longest bar, so that the text after this bar fits.
        scale=alt.Scale(domain=[0, 1.6 * longest or 1]),
    )
    bar = base.mark_bar(color=colour, height=12).encode(x=x)
    text = base.mark_text(align="left", dx=4, color="var(--ink)", fontSize=12).encode(
        x=x, text="text:N"
    )
    table = Table(list(axes), [[label, value] for label, _, value in bars])
    height_px = max(_ROW_PX * len(bars), _ROW_PX)
    return figure(name, caption, alt.layer(bar, text), table, height_px=height_px)


def _stacked(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Adds `low` and `high` to rows, which stack the groups of one period."""
    height: dict[object, int] = {}
    stacked = []
    for row in rows:
        low = height.get(row["start"], 0)
        high = low + int(str(row["count"]))
        height[row["start"]] = high
        stacked.append({**row, "low": low, "high": high})
    return stacked


def _text(value: object) -> str:
    return value if isinstance(value, str) else number(value)


def _instant(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
