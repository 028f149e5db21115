"""The Markdown tables of a comparison, one for each recall target, the fastest method first."""

from typing import Any

from components.run_reporter.formatting import size

_COLUMNS = (
    "search",
    "recall@{k}",
    "one query, ms",
    "p99, ms",
    "speedup over exact",
    "per query in a batch, ms",
    "speedup over exact",
    "build, s",
    "index",
    "parameters",
)
_NONE = "–"


def render(comparison: dict[str, Any]) -> str:
    """Returns the tables for one set of vectors.

    Args:
      comparison: The result of `compare_methods`.
    """
    title = (
        f"{comparison['vectors']}: {comparison['items']:,} × {comparison['dim']}, "
        f"{comparison['reported_queries']:,} test queries"
    )
    parts = [_table(comparison, target) for target in comparison["targets"]]
    return "\n\n".join([title, *parts])


def _table(comparison: dict[str, Any], target: float) -> str:
    k, exact = comparison["k"], comparison["exact"]
    rows = [row for row in comparison["rows"] if row["target"] == target]
    reached = [row for row in rows if row["reached"]]
    missed = [row for row in rows if not row["reached"]]
    reached.sort(key=lambda row: row["time"]["median_ms"])
    missed.sort(key=lambda row: -row["recall"])
    lines = [
        f"Recall@{k} of at least {target:g}:",
        "",
        f"| {' | '.join(_COLUMNS).format(k=k)} |",
        f"|{'---|' * len(_COLUMNS)}",
    ]
    if exact:
        lines.append(_line(_exact_cells(exact)))
    lines += [_line(_reached_cells(row)) for row in reached]
    lines += [_line(_missed_cells(row)) for row in missed]
    return "\n".join(lines)


def _exact_cells(time: dict[str, float]) -> list[str]:
    return [
        "exact NumPy",
        "1",
        *(_milliseconds(time[name]) for name in ("median_ms", "p99_ms")),
        "1",
        _milliseconds(time["batch_ms"]),
        "1",
        *(_NONE, _NONE, ""),
    ]


def _reached_cells(row: dict[str, Any]) -> list[str]:
    time, speedup = row["time"], row["times_faster"]
    return [
        row["search"],
        f"{row['recall']:.4f}",
        *(_milliseconds(time[name]) for name in ("median_ms", "p99_ms")),
        f"{speedup['single']:.1f}",
        _milliseconds(time["batch_ms"]),
        f"{speedup['batch']:.1f}",
        *_index_cells(row),
    ]


def _missed_cells(row: dict[str, Any]) -> list[str]:
    return [row["search"], f"{row['recall']:.4f} at best", *[_NONE] * 5, *_index_cells(row)]


def _index_cells(row: dict[str, Any]) -> list[str]:
    parameters = {**row["built_with"], **row["asked_with"]}
    listed = ", ".join(f"{name} {value}" for name, value in parameters.items())
    return [f"{row['build_seconds']:.1f}", size(row["size_bytes"]), listed]


def _milliseconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
