"""Renders the summary of a run in plain text: verdict, metrics and baselines, gates, paths."""

from typing import Any

from components.gate import Verdict
from components.run_reporter.comparison import comparison_rows, headline_metrics
from components.run_reporter.formatting import interval, metric, number

_PASSED = {True: "✓", False: "✗"}
# A gate that passed because the data does not decide.
_UNDECIDED = "!"


def render_summary(metrics: dict[str, Any], run: dict[str, Any]) -> str:
    """Renders the summary of a run, without a trailing newline.

    Args:
      metrics: The content of `metrics.json`.
      run: The content of `run.json`.
    """
    sections = [_verdict(run["verdict"]), _comparison(metrics), _gates(run["gates"]), _paths(run)]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def align(rows: list[list[str]], left: int = 1) -> list[str]:
    """Formats rows of cells as lines of aligned columns.

    Args:
      rows: The cells of each row; all rows have the same length.
      left: Number of leading columns that are aligned to the left; the others are aligned to the
        right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _verdict(verdict: dict[str, str]) -> list[str]:
    return [text for key in ("headline", "cause", "remedy") if (text := verdict[key])]


def _comparison(metrics: dict[str, Any]) -> list[str]:
    rows = comparison_rows(metrics)
    if not rows:
        return []
    names = headline_metrics(rows)
    table = [["test metrics", *names]]
    for row in rows:
        table.append([row.name, *(metric(row.metrics.get(name)) for name in names)])
        if row.is_model and row.intervals:
            bounds = [interval(row.intervals.get(name)) for name in names]
            table.append(["  95 % interval", *bounds])
    return align(table)


def _gates(gates: list[dict[str, Any]]) -> list[str]:
    if not gates:
        return []
    table = [["", "gate", "value", "threshold", "reason"]]
    for gate in gates:
        numbers = (number(gate["value"]), number(gate["threshold"]))
        is_undecided = gate["passed"] and gate.get("verdict") == Verdict.UNDECIDED
        mark = _UNDECIDED if is_undecided else _PASSED[gate["passed"]]
        table.append([mark, gate["name"], *numbers, gate["reason"]])
    # The reason has any length, so only the columns before it are aligned.
    heads = align([row[:-1] for row in table], left=2)
    return [f"{head}  {row[-1]}" for head, row in zip(heads, table, strict=True)]


def _paths(run: dict[str, Any]) -> list[str]:
    paths = dict(run["paths"] or {})
    if run["push"] and run["push"]["pushed"]:
        paths = {"model": run["push"]["serving_path"], **paths}
    return align([[name, path] for name, path in paths.items()], left=2)
