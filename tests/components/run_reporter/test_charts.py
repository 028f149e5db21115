"""Charts draw points to scale, stay inside their frame, and have labels that do not overlap."""

from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from components.run_reporter.charts import Series, _ticks, line_chart

VALUES = st.floats(allow_nan=False, allow_infinity=False)
LARGEST, SMALLEST = 1.7976931348623157e308, 5e-324


def draw(series: list[Series], log_x: bool = False, from_zero: bool = True) -> ElementTree.Element:
    chart = line_chart("Recall", "K", series, log_x=log_x, from_zero=from_zero)
    return ElementTree.fromstring(chart)


def line_points(svg: ElementTree.Element) -> list[list[tuple[float, float]]]:
    lines = [line.attrib["points"].split() for line in svg.iter("polyline")]
    return [[_point(text) for text in line] for line in lines]


def _point(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def test_points_are_drawn_to_scale() -> None:
    (line,) = line_points(draw([Series("a", [(0, 0.0), (1, 0.5), (4, 1.0)])]))
    (x0, y0), (x1, y1), (x2, y2) = line
    assert abs((x1 - x0) - (x2 - x0) / 4) < 0.2
    assert abs((y1 - y0) - (y2 - y0) / 2) < 0.2
    assert y2 < y0  # the y axis of SVG points down


def test_equal_ratios_have_equal_distances_on_a_logarithmic_axis() -> None:
    (line,) = line_points(draw([Series("a", [(1, 0.1), (10, 0.2), (100, 0.3)])], log_x=True))
    assert abs((line[1][0] - line[0][0]) - (line[2][0] - line[1][0])) < 0.2


@given(st.lists(st.lists(VALUES, min_size=1, max_size=8), min_size=1, max_size=6))
@example([[0.0, SMALLEST]])
@example([[-LARGEST, 0.0, LARGEST]])
@example([[1e6, 1e6 + 1e-10]])
def test_lines_and_labels_stay_inside_the_frame(curves: list[list[float]]) -> None:
    series = [Series(f"line {i}", list(enumerate(c, 1))) for i, c in enumerate(curves)]
    svg = draw(series, from_zero=False)
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    for line in line_points(svg):
        assert all(0 <= x <= width and 0 <= y <= height for x, y in line)
    for text in svg.iter("text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height


@given(st.tuples(VALUES, VALUES).map(sorted))
@example([0.0, SMALLEST])
@example([-LARGEST, LARGEST])
def test_ticks_are_few_ascending_and_enclose_the_range(ends: list[float]) -> None:
    low, high = ends
    ticks = _ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert all(below < above for below, above in pairwise(ticks))
    tolerance = 1e-8 * (ticks[-1] / 2 - ticks[0] / 2)
    assert ticks[0] / 2 <= low / 2 + tolerance
    assert ticks[-1] / 2 >= high / 2 - tolerance


def test_ticks_of_an_ordinary_range_are_round() -> None:
    assert _ticks(0.0, 0.5) == [index * 0.1 for index in range(6)]
    assert _ticks(3.0, 17.0) == [0.0, 5.0, 10.0, 15.0, 20.0]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
@example([0.0, SMALLEST])
def test_labels_do_not_overlap(ends: list[float]) -> None:
    svg = draw([Series(f"line {i}", [(1, 0.0), (2, end)]) for i, end in enumerate(ends)])
    label_y = sorted(float(t.attrib["y"]) for t in svg.iter("text") if "fill" in t.attrib)
    assert len(label_y) == len(ends)
    assert all(below - above >= 14 for above, below in pairwise(label_y))


def test_the_aria_label_has_the_title_and_the_last_values() -> None:
    svg = draw([Series("model", [(1, 0.1), (10, 0.25)])])
    assert svg.attrib["aria-label"] == "Recall. At K 10: model 0.25"
