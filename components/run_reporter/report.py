"""Renders `report.html`, a single page without external resources."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.run_reporter.charts import Series, line_chart
from components.run_reporter.comparison import (
    ComparisonRow,
    comparison_rows,
    headline_metrics,
    metric_names,
)
from components.run_reporter.evaluation_details import (
    baseline_metric,
    baseline_settings,
    best_baseline,
    diagnosis_facts,
    interval_facts,
    other_protocols,
    protocol_facts,
    slice_differences,
    slice_metrics,
    sorted_slices,
)
from components.run_reporter.formatting import (
    duration,
    instant,
    interval,
    label,
    metric,
    natural_key,
    number,
    setting,
    size,
)
from components.run_reporter.ingestion import catalogue_facts, matches, rejects_by_reason, sources

_TEMPLATE = "report.html.j2"
# More lines in a chart are not distinguishable; the tables contain all of them.
_MAX_LINES = 6
_TFRS_RECALL = re.compile(r"(?:factorized_top_k/)?top_([0-9]+)_categorical_accuracy")
_UNIT = re.compile(r"_(?:bytes|ms|seconds)$")


@dataclass(frozen=True)
class Table:
    """A table of measurements.

    Attributes:
      heads: The names of the columns.
      rows: The cells of each row as text.
    """

    heads: list[str]
    rows: list[list[str]]

    @classmethod
    def of_rows(cls, rows: list[dict[str, Any]]) -> "Table":
        """Returns the table of rows by column; a cell that a row does not have is a dash."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_with_unit(name, row.get(name)) for name in columns] for row in rows]
        return cls([label(_UNIT.sub("", name)) for name in columns], cells)


def render_report(metrics: dict[str, Any], run: dict[str, Any]) -> str:
    """Renders the HTML page, without the sections of steps that did not run.

    Args:
      metrics: The content of `metrics.json`.
      run: The content of `run.json`.
    """
    rows = comparison_rows(metrics)
    headlines = headline_metrics(rows) if rows else []
    interactions = run["ingestion"]["interactions"]
    read = sources(**run["ingestion"])
    index = metrics["index"] or {}
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            metrics=metrics,
            run=run,
            rows=rows,
            headlines=headlines,
            metric_names=metric_names(rows) if rows else [],
            recall_chart=_recall_chart(rows),
            training_charts=_training_charts((run["training"] or {}).get("history") or []),
            splits=(interactions or {}).get("splits") or {},
            sources=read,
            rejects=rejects_by_reason(read),
            matches=matches(interactions),
            catalogue_facts=catalogue_facts(run["ingestion"]["catalogue"], interactions),
            protocol_facts=protocol_facts(metrics["protocol"]),
            protocols=other_protocols(metrics["protocols"], headlines),
            baseline_settings=baseline_settings(metrics["baselines"]),
            slices=sorted_slices(metrics["slices"]),
            slice_metrics=slice_metrics,
            slice_intervals=metrics.get("slice_intervals"),
            interval_facts=interval_facts(metrics.get("slice_intervals")),
            slice_differences=slice_differences,
            best_baseline=best_baseline,
            baseline_metric=baseline_metric,
            negatives=metrics.get("later_negatives"),
            diagnosis=diagnosis_facts(metrics["diagnosis"]),
            index=_index_facts(index),
            index_tables=_index_tables(index),
            longest_seconds=max((step["seconds"] or 0 for step in run["components"]), default=0),
            total_seconds=sum(step["seconds"] or 0 for step in run["components"]),
            config_json=json.dumps(run["config"], indent=2, ensure_ascii=False),
        )
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for format_value in (number, setting, metric, interval, duration, instant, label):
        environment.filters[format_value.__name__] = format_value
    return environment


def _recall_chart(rows: list[ComparisonRow]) -> Markup:
    lines = [Series(row.name, row.recall_curve) for row in rows if len(row.recall_curve) > 1]
    if not lines:
        return Markup("")
    return line_chart(
        "Recall@K on the test split", "K", lines[:_MAX_LINES], log_x=True, from_zero=True
    )


def _training_charts(history: list[dict[str, float]]) -> list[tuple[str, Markup]]:
    """Returns pairs of title and chart by epoch: the losses, and the validation metrics."""
    if len(history) < 2:
        return []
    names = sorted(set.intersection(*(set(epoch) for epoch in history)), key=natural_key)
    losses: list[str] = [name for name in ("loss", "val_loss") if name in names]
    metrics = [name for name in names if name.startswith("val_") and not name.endswith("loss")]
    groups = (("Loss", losses, False), ("Validation metrics", metrics, True))
    return [
        (title, _epoch_chart(title, history, group[:_MAX_LINES], from_zero))
        for title, group, from_zero in groups
        if group
    ]


def _epoch_chart(
    title: str, history: list[dict[str, float]], names: list[str], from_zero: bool
) -> Markup:
    series = [
        Series(_curve_name(name), [(epoch["epoch"], epoch[name]) for epoch in history])
        for name in names
    ]
    return line_chart(f"{title} by epoch", "epoch", series, from_zero=from_zero)


def _curve_name(name: str) -> str:
    """Returns the name for display; `top_10_categorical_accuracy` of TFRS is recall@10."""
    if name in ("loss", "val_loss"):
        return "validation" if name == "val_loss" else "training"
    return _TFRS_RECALL.sub(r"recall@\1", name.removeprefix("val_"))


def _index_facts(index: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns pairs of label and text with unit, for single values and those in mappings."""
    facts: list[tuple[str, str]] = []
    for name, value in index.items():
        if isinstance(value, dict):
            group, unit = _UNIT.sub("", name), "".join(_UNIT.findall(name))
            facts += [
                (label(f"{group} {key}"), _with_unit(unit or key, part))
                for key, part in value.items()
                # The plan repeats some values of the index.
                if not _is_table(part) and index.get(key) != part
            ]
        elif not _is_table(value):
            facts.append((label(_UNIT.sub("", name)), _with_unit(name, value)))
    return facts


def _is_table(value: Any) -> bool:
    """Whether a value belongs in a table: a mapping, or a list with mappings."""
    is_list = isinstance(value, list)
    return isinstance(value, dict) or (is_list and any(isinstance(part, dict) for part in value))


def _with_unit(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return number(value)
    if name.endswith("_bytes"):
        return size(value)
    if name.endswith("_seconds"):
        return duration(value)
    return f"{number(value)} ms" if name.endswith("_ms") else number(value)


def _index_tables(index: dict[str, Any]) -> dict[str, Table]:
    """Returns the tables of measurements by name, such as the tuning curve of the index."""
    tables = (table for name, value in index.items() for table in _rows(name, value))
    return {name: Table.of_rows(rows) for name, rows in tables}


def _rows(name: str, value: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields pairs of table name and rows: lists of mappings, and mappings of mappings.

    A mapping of mappings is a table whose first column has its keys. If these mappings contain
    further mappings, each is a table of its own.
    """
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, dict)]
    else:
        parts = value.items() if isinstance(value, dict) else ()
        nested = {key: part for key, part in parts if isinstance(part, dict)}
        if any(isinstance(cell, dict) for part in nested.values() for cell in part.values()):
            for key, part in nested.items():
                yield from _rows(f"{name}_{key}", part)
            return
        rows = [{name: key, **part} for key, part in nested.items()]
    if rows:
        yield name, rows
