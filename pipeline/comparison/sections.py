"""A comparison as titled sections of text and tables, for the console and for Markdown."""

from collections.abc import Iterable
from typing import Any

from components.nested_changes import Change
from components.run_reporter.formatting import (
    NOTHING,
    duration,
    instant,
    interval,
    metric,
    number,
    setting,
    size,
)
from components.run_reporter.table import Table
from pipeline.comparison.compare import RunComparison
from pipeline.comparison.metrics import MetricChange
from pipeline.comparison.outcomes import ComponentChange, GateChange
from pipeline.sections import Section

_FINGERPRINTS = {
    True: "The fingerprints of the inputs are equal.",
    False: "The fingerprints of the inputs differ.",
    None: "The fingerprint of an input is unknown.",
}


def sections(comparison: RunComparison) -> list[Section]:
    """Returns the sections of a comparison, the runs themselves first."""
    compared = comparison.metrics
    return [
        Section("Runs", table=_runs(comparison)),
        _changes("Data", comparison.data, _FINGERPRINTS[comparison.has_same_data]),
        _changes("Configuration", comparison.configuration),
        _changes("Recipe", comparison.recipe),
        _changes("Code and versions", comparison.code),
        Section("Metrics", _sentence(compared.reason), _metrics(compared.metrics)),
        _changes("Index", comparison.index),
        Section("Gates", _gates_text(comparison.gates), _gates(comparison.gates)),
        Section("Time and memory", table=_components(comparison.components)),
    ]


def _runs(comparison: RunComparison) -> Table:
    shown = {"started": instant}
    return Table(
        ["", "A", "B"],
        [
            [key, *(shown.get(key, _text)(run[key]) for run in (comparison.a, comparison.b))]
            for key in comparison.a
            if comparison.a[key] is not None or comparison.b[key] is not None
        ],
    )


def _changes(title: str, found: Iterable[Change], text: str = "") -> Section:
    rows = [[change.key, _value(change.a), _value(change.b)] for change in found]
    if not rows:
        return Section(title, f"{text} No other difference.".strip() if text else "No difference.")
    return Section(title, text, Table(["key", "A", "B"], rows))


def _metrics(rows: Iterable[MetricChange]) -> Table:
    return Table(
        ["metric", "A", "B", "B - A", "95 % interval", "B is"],
        [
            [
                row.metric,
                metric(row.a),
                metric(row.b),
                NOTHING if row.difference is None else f"{row.difference:+.4f}",
                interval((row.interval[0], row.interval[1]), signed=True)
                if row.interval
                else NOTHING,
                row.verdict or NOTHING,
            ]
            for row in rows
        ],
    )


def _gates_text(gates: list[GateChange]) -> str:
    changed = [gate.name for gate in gates if gate.a != gate.b]
    if not gates:
        return "Neither run reached a gate."
    return f"Different results: {', '.join(changed)}." if changed else "All results are equal."


def _gates(gates: Iterable[GateChange]) -> Table:
    return Table(
        ["gate", "A", "B", "value A", "value B"],
        [
            [
                gate.name,
                gate.a or NOTHING,
                gate.b or NOTHING,
                number(gate.value_a),
                number(gate.value_b),
            ]
            for gate in gates
        ],
    )


def _components(rows: Iterable[ComponentChange]) -> Table:
    return Table(
        ["component", "A", "B", "time A", "time B", "peak memory A", "peak memory B"],
        [
            [
                row.name,
                row.status_a or NOTHING,
                row.status_b or NOTHING,
                duration(row.seconds_a),
                duration(row.seconds_b),
                size(row.peak_memory_bytes_a),
                size(row.peak_memory_bytes_b),
            ]
            for row in rows
        ],
    )


def _text(value: Any) -> str:
    return NOTHING if value is None else str(value)


def _value(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING if value is None else setting(value)
    return number(value) if isinstance(value, int) else f"{value:.6g}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
