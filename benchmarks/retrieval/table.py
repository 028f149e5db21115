"""The Markdown tables of a comparison, one for each target, the fastest search first."""

from typing import Any

from components.run_reporter.formatting import size

_COLUMNS = (
    "search",
    "recall@{k}",
    "one query, ms",
    "p99, ms",
    "× exact",
    "in a batch, ms",
    "× exact",
    "build, s",
    "index",
    "parameters",
)
_NONE = "–"


def render(comparison: dict[str, Any]) -> str:
    """Tables of one set of vectors.

    Args:
      comparison: As `benchmarks.retrieval` writes it to JSON.
    """
    title = (
        f"{comparison['vectors']}: {comparison['items']:,} × {comparison['dim']}, "
        f"{comparison['reported_queries']:,} queries that nothing was chosen by"
    )
    parts = [_target(comparison, target) for target in comparison["targets"]]
    return "\n\n".join([title, *parts])


def _target(comparison: dict[str, Any], target: float) -> str:
    k, exact = comparison["k"], comparison["exact"]
    own = [row for row in comparison["rows"] if row["target"] == target]
    reached = [row for row in own if row["reached"]]
    missed = [row for row in own if not row["reached"]]
    reached.sort(key=lambda row: row["time"]["median_ms"])
    missed.sort(key=lambda row: -row["recall"])
    lines = [
        f"Recall@{k} of {target:g} or more:",
        "",
        f"| {' | '.join(_COLUMNS).format(k=k)} |",
        f"|{'---|' * len(_COLUMNS)}",
    ]
    if exact:
        lines.append(_line(_exact(exact)))
    lines += [_line(_found(row)) for row in reached]
    lines += [_line(_missed(row)) for row in missed]
    return "\n".join(lines)


def _exact(time: dict[str, float]) -> list[str]:
    return [
        "exact NumPy",
        "1",
        *(_milliseconds(time[name]) for name in ("median_ms", "p99_ms")),
        "1",
        _milliseconds(time["batch_ms"]),
        "1",
        *(_NONE, _NONE, ""),
    ]


def _found(row: dict[str, Any]) -> list[str]:
    time, times = row["time"], row["times_faster"]
    return [
        row["search"],
        f"{row['recall']:.4f}",
        *(_milliseconds(time[name]) for name in ("median_ms", "p99_ms")),
        f"{times['single']:.1f}",
        _milliseconds(time["batch_ms"]),
        f"{times['batch']:.1f}",
        *_cost(row),
    ]


def _missed(row: dict[str, Any]) -> list[str]:
    return [row["search"], f"{row['recall']:.4f} at best", *[_NONE] * 5, *_cost(row)]


def _cost(row: dict[str, Any]) -> list[str]:
    used = {**row["built_with"], **row["asked_with"]}
    told = ", ".join(f"{name} {value}" for name, value in used.items())
    return [f"{row['build_seconds']:.1f}", size(row["size_bytes"]), told]


def _milliseconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
