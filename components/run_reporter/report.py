"""Renders `report.html`, a single page without external resources."""

import json
import re
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
    other_protocols,
    protocol_facts,
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
    size,
)
from components.run_reporter.ingestion import catalogue_facts, rejects_by_reason, sources

_TEMPLATE = "report.html.j2"
# More lines in a chart are not distinguishable; the tables contain all of them.
_MAX_LINES = 6
_TFRS_RECALL = re.compile(r"(?:factorized_top_k/)?top_([0-9]+)_categorical_accuracy")
_UNIT = re.compile(r"_(?:bytes|ms|seconds)$")


def render_report(metrics: dict[str, Any], run: dict[str, Any]) -> str:
    """Renders the HTML page, without the sections of steps that did not run.

    Args:
      metrics: The content of `metrics.json`.
      run: The content of `run.json`.
    """
    rows = comparison_rows(metrics)
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
            headlines=headline_metrics(rows) if rows else [],
            metric_names=metric_names(rows) if rows else [],
            recall_chart=_recall_chart(rows),
            training_charts=_training_charts((run["training"] or {}).get("history") or []),
            splits=(interactions or {}).get("splits") or {},
            sources=read,
            rejects=rejects_by_reason(read),
            catalogue_facts=catalogue_facts(run["ingestion"]["catalogue"], interactions),
            protocol_facts=protocol_facts(metrics["protocol"]),
            protocols=other_protocols(metrics["protocols"]),
            baseline_settings=baseline_settings(metrics["baselines"]),
            slices=sorted_slices(metrics["slices"]),
            slice_metrics=slice_metrics,
            best_baseline=best_baseline,
            baseline_metric=baseline_metric,
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
    for format_value in (number, metric, interval, duration, instant, label):
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
                if not isinstance(part, dict | list) and index.get(key) != part
            ]
        elif not isinstance(value, list):
            facts.append((label(_UNIT.sub("", name)), _with_unit(name, value)))
    return facts


def _with_unit(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return number(value)
    if name.endswith("_bytes"):
        return size(value)
    if name.endswith("_seconds"):
        return duration(value)
    return f"{number(value)} ms" if name.endswith("_ms") else number(value)


def _index_tables(index: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Returns the tables of measurements by name, such as the tuning curve of the index."""
    tables = {}
    for name, value in index.items():
        rows = value
        if isinstance(value, dict):
            rows = [{name: key, **part} for key, part in value.items() if isinstance(part, dict)]
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            tables[name] = rows
    return tables
