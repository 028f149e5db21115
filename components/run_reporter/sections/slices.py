"""The metrics on slices of the test targets, as forest plots and tables."""

from collections.abc import Callable
from typing import Any

from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.intervals import SliceRow, slice_plot
from components.run_reporter.comparison import comparison_rows, headline_metrics
from components.run_reporter.evaluation_details import (
    baseline_metric,
    best_baseline,
    interval_facts,
    slice_differences,
    slice_metrics,
    sorted_slices,
)
from components.run_reporter.formatting import label
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import EVALUATOR

_READING = (
    "The model on subsets of the test targets. In the plots a dot is the model with its interval, "
    "a tick is the best baseline of the slice, and the dashed line is the model on all targets. A "
    "slice without an interval has few users. An interval far from the dashed line is a group that "
    "the model serves better or worse than others; a tick to the right of the dot is a group for "
    "which a simple method is better."
)


def slices_section(inputs: ReportInputs) -> Section:
    """Returns the section on slices."""
    metrics = inputs.metrics
    slices = sorted_slices(metrics["slices"])
    if not slices:
        missing = why_missing(inputs, EVALUATOR)
        return Section("slices", "Slices", "", "slices.html.j2", missing=missing)
    intervals = metrics.get("slice_intervals") or {}
    values: dict[str, Any] = {
        "slices": slices,
        "headlines": headline_metrics(comparison_rows(metrics)),
        "slice_intervals": intervals,
        "interval_facts": interval_facts(intervals),
        "figures": _figures(slices, intervals.get("metric"), metrics["test"]["model"]),
    }
    helpers: tuple[Callable[..., Any], ...] = (
        slice_metrics,
        slice_differences,
        best_baseline,
        baseline_metric,
    )
    values.update({helper.__name__: helper for helper in helpers})
    return Section("slices", "Slices", _READING, "slices.html.j2", values)


def _figures(
    slices: dict[str, dict[str, dict[str, Any]]], metric: str | None, overall: dict[str, float]
) -> dict[str, Figure]:
    """Returns a plot for each dimension, by its name."""
    if metric is None or metric not in overall:
        return {}
    figures = {}
    for index, (dimension, by_slice) in enumerate(slices.items()):
        rows = [
            SliceRow(
                label(name),
                values[metric],
                (values.get("interval") or {}).get(metric),
                _best(values.get("baselines") or {}),
                values["users"],
            )
            for name, values in by_slice.items()
            if values.get(metric) is not None
        ]
        if rows:
            caption = f"{metric} by {label(dimension)}"
            figures[dimension] = slice_plot(
                f"slices-{index}", caption, metric, rows, overall[metric]
            )
    return figures


def _best(baselines: dict[str, float | None]) -> tuple[str, float] | None:
    measured = {name: value for name, value in baselines.items() if value is not None}
    if not measured:
        return None
    name = max(measured, key=lambda other: measured[other])
    return label(name), measured[name]
