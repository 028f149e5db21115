"""The search index: recall against latency, and its measurements."""

from collections.abc import Iterator
from typing import Any

from components.run_reporter.charts.figure import Figure
from components.run_reporter.charts.points import SearchPoint, recall_latency_plot
from components.run_reporter.formatting import instant, label, number
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from components.run_reporter.table import UNIT, Table, with_unit
from schemas.steps import INDEXER

_AS_OF = "as_of"
# The measurements that are shown first, in this order, without the cutoff of the recall.
_MAIN_FACTS = (
    "kind",
    "candidates",
    "recall",
    "latency_ms",
    "memory_bytes",
    "size_bytes",
    "load_seconds",
    "reason",
)
_READING = (
    "How the served model searches the catalogue. Recall is the share of the exact results that "
    "the search finds, for embeddings of held-out requests. Each point is a measured setting that "
    "no other one beats in both recall and latency; the fastest one that meets the target is used. "
    "A small catalogue is searched exactly, with recall 1."
)


def index_section(inputs: ReportInputs) -> Section:
    """Returns the section on the index."""
    index = inputs.metrics["index"]
    if not index:
        missing = why_missing(inputs, INDEXER)
        return Section("index", "Index", "", "index.html.j2", missing=missing)
    main = [name for fact in _MAIN_FACTS for name in index if name.partition("@")[0] == fact]
    config = inputs.run["config"] or {}
    target = (config.get("index") or {}).get("recall_target")
    return Section(
        "index",
        "Index",
        _READING,
        "index.html.j2",
        {
            "facts": _facts(index, main),
            "other_facts": _facts(index, [name for name in index if name not in main]),
            "tables": _tables(index),
            "figures": _figures(index, target),
        },
    )


def _figures(index: dict[str, Any], target: float | None) -> list[Figure]:
    curve = index.get("curve")
    rows = [row for row in curve if isinstance(row, dict)] if isinstance(curve, list) else []
    points = [
        SearchPoint(
            row["search_ms"],
            row["recall"],
            ", ".join(
                f"{label(key)} {number(value)}"
                for key, value in row.items()
                if key not in ("recall", "search_ms", "is_enough") and value is not None
            ),
            bool(row.get("is_enough")),
        )
        for row in rows
        if isinstance(row.get("search_ms"), int | float)
        and isinstance(row.get("recall"), int | float)
    ]
    # A single way of searching, such as exact search, is no curve.
    if len(points) < 2:
        return []
    caption = "Recall relative to exact search against the time of a search"
    return [recall_latency_plot("index-curve", caption, points, target)]


def _facts(index: dict[str, Any], names: list[str]) -> list[tuple[str, str]]:
    """Returns pairs of label and text with unit, for single values and those in mappings."""
    facts: list[tuple[str, str]] = []
    for name in names:
        value = index[name]
        if isinstance(value, dict):
            group, unit = UNIT.sub("", name), "".join(UNIT.findall(name))
            facts += [
                (label(f"{group} {UNIT.sub('', key)}"), with_unit(unit or key, part))
                for key, part in value.items()
                # The plan repeats some values of the index.
                if not _is_table(part) and index.get(key) != part
            ]
        elif not _is_table(value):
            text = instant(value) if name == _AS_OF else with_unit(name, value)
            facts.append((label(UNIT.sub("", name)), text))
    return facts


def _is_table(value: Any) -> bool:
    """Whether a value belongs in a table: a mapping, or a list with mappings."""
    is_list = isinstance(value, list)
    return isinstance(value, dict) or (is_list and any(isinstance(part, dict) for part in value))


def _tables(index: dict[str, Any]) -> dict[str, Table]:
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
