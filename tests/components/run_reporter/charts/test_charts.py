"""Every chart is valid Vega-Lite and has its values as a table, also for unusual values."""

from collections.abc import Callable

import altair as alt
import pytest

from components.run_reporter.charts import bars, intervals, lines, points
from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.intervals import Difference, SliceRow
from components.run_reporter.charts.lines import MAX_LINES, Series
from components.run_reporter.charts.points import MapItem, SearchPoint

AXES = ("x", "y")
DAY_S = 86_400
FIGURES: dict[str, Callable[[], Figure]] = {
    "one point": lambda: lines.line_chart("a", "c", AXES, [Series("s", [(1, 0.0)])]),
    "equal values": lambda: lines.line_chart("a", "c", AXES, [Series("s", [(1, 5.0), (2, 5.0)])]),
    "logarithms": lambda: lines.line_chart(
        "a", "c", AXES, [Series("s", [(1, 10.0), (1000, 1.0)])], log=(True, True)
    ),
    "many lines": lambda: lines.line_chart(
        "a", "c", AXES, [Series(f"s{n}", [(1, n), (2 + n, 7.5)]) for n in range(12)]
    ),
    "no events in a split": lambda: bars.period_bars(
        "a", "c", DAY_S, {"train": [(0, 3), (DAY_S, 1)], "eval": [], "test": [(DAY_S, 2)]}
    ),
    "ranges": lambda: bars.range_bars("a", "c", AXES, [("1", 2), ("2–3", 0)]),
    "histogram": lambda: bars.histogram("a", "c", "x", [(-1.5, 0.0, 3.0), (0.0, 1.5, 0.0)]),
    "histogram of times": lambda: bars.histogram(
        "a", "c", "x", [(-5.0, 1e9, 3.0), (1e9, 2e9, 1.0)], is_time=True
    ),
    "bars of 0": lambda: bars.named_bars("a", "c", AXES, [("b", 0.0, "0 s")]),
    "differences": lambda: intervals.difference_plot(
        "a",
        "c",
        "x",
        [Difference("b", 0.1, (0.0, 0.2), 90), Difference("b2", -0.1, (-0.2, -0.05), 90)],
    ),
    "slices": lambda: intervals.slice_plot(
        "a",
        "c",
        "recall@10",
        [
            SliceRow("s", 0.1, None, None, 3),
            SliceRow("t", 0.2, (0.1, 0.3), ("markov", 0.25), 1_000),
        ],
        overall=0.2,
    ),
    "searches": lambda: points.recall_latency_plot(
        "a", "c", [SearchPoint(0.1, 0.9, "leaves 3", False), SearchPoint(0.2, 1.0, "", True)], 0.95
    ),
    "no target of recall": lambda: points.recall_latency_plot(
        "a", "c", [SearchPoint(0.1, 0.9, "leaves 3", False)], None
    ),
    "map": lambda: points.item_map_plot(
        "a", "c", [MapItem(n, -n, f"title {n}", f"c{n % 9}", n) for n in range(60)], "genre"
    ),
    "map without categories": lambda: points.item_map_plot(
        "a", "c", [MapItem(0.0, 0.0, "title", "", 0)], ""
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_is_valid_and_has_a_table(name: str) -> None:
    figure = FIGURES[name]()

    alt.Chart.from_dict(figure.spec, validate=True)
    assert figure.spec["width"] == "container"
    assert figure.table.rows
    assert {len(row) for row in figure.table.rows} == {len(figure.table.heads)}


def test_the_table_has_the_lines_that_are_not_drawn() -> None:
    figure = FIGURES["many lines"]()
    drawn = {row["line"] for rows in figure.spec["datasets"].values() for row in rows}
    assert len(drawn) == MAX_LINES
    assert figure.table.heads == ["x", *(f"s{n}" for n in range(12))]
    assert figure.table.rows[0][:3] == ["1", "0", "1"]
    assert figure.table.rows[1][:3] == ["2", "7.5", "–"]


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [
        ((0.01, 0.02), "better"),
        ((-0.02, -0.01), "worse"),
        ((-0.01, 0.01), "undecided"),
        ((0.0, 0.01), "undecided"),
        ((-0.01, 0.0), "undecided"),
    ],
)
def test_an_interval_that_contains_0_decides_nothing(
    bounds: tuple[float, float], outcome: str
) -> None:
    assert Difference("markov", 0.0, bounds, 90).outcome == outcome


@pytest.mark.parametrize(("bounds", "users"), [((0.1, 0.2), 29), ((1e-17, 1e-16), 90)])
def test_few_users_and_rounding_errors_decide_nothing(
    bounds: tuple[float, float], users: int
) -> None:
    assert Difference("markov", bounds[0], bounds, users).outcome == "undecided"


def test_the_table_of_differences_states_the_outcome() -> None:
    assert FIGURES["differences"]().table.rows == [
        ["b", "+0.1000", "+0.0000 … +0.2000", "undecided"],
        ["b2", "-0.1000", "-0.2000 … -0.0500", "worse"],
    ]
