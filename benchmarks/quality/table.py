"""The table of a measurement: one part a protocol, then what it cost and what it was made with."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmarks.quality.run import Run
from components.run_reporter.comparison import Interval, Row, comparison_rows, headline_metrics
from components.run_reporter.formatting import interval, label, metric, number, size
from components.run_reporter.measurement import baseline_settings
from components.run_reporter.summary import align
from pipeline.exit_codes import ExitCode
from schemas.metrics import PROTOCOLS

_OWN_INTERVAL = "  95 % interval"
_LEAD = "  model's lead, 95 %"


def render_tables(runs: Sequence[Run]) -> str:
    """Every protocol's table, then seconds, memory, gates and versions.

    Args:
      runs: Of the same log and configuration, one a seed.
    """
    parts = [
        _protocol(runs, [section(run.metrics, name) for run in runs])
        for name in protocol_names(runs[0].metrics)
    ]
    return "\n\n".join("\n".join(part) for part in (*parts, _cost(runs), _facts(runs)))


def protocol_names(metrics: dict[str, Any]) -> list[str]:
    """The headline's, then the others that `metrics.json` has."""
    headline = metrics["protocol"]["name"]
    others = metrics.get("protocols") or {}
    return [headline, *(name for name in PROTOCOLS if name in others and name != headline)]


def section(metrics: dict[str, Any], protocol: str) -> dict[str, Any]:
    """Protocol, test and confidence of one of the protocols."""
    if protocol == metrics["protocol"]["name"]:
        return metrics
    found: dict[str, Any] = metrics["protocols"][protocol]
    return found


def _protocol(runs: Sequence[Run], sections: list[dict[str, Any]]) -> list[str]:
    by_run = [{row.name: row for row in comparison_rows(measured)} for measured in sections]
    names = headline_metrics(list(by_run[0].values()))
    table = [["", *names]]
    for name, first in by_run[0].items():
        rows = [of_run[name] for of_run in by_run]
        values = [_mean(row.metrics.get(column) for row in rows) for column in names]
        title = name if len(rows) == 1 else f"{name}, mean of {len(rows)} seeds"
        table.append([title if first.is_model else name, *map(metric, values)])
        table += _below_model(runs, rows, names) if first.is_model else _below_other(rows, names)
    return [_title(sections[0]["protocol"]), *align(table)]


def _below_model(runs: Sequence[Run], rows: list[Row], names: list[str]) -> list[list[str]]:
    lines = []
    for run, row in zip(runs, rows, strict=True):
        if len(runs) > 1:
            values = [metric(row.metrics.get(name)) for name in names]
            lines.append([f"  seed {run.seed}", *values])
        lines.append([_OWN_INTERVAL, *(interval(row.intervals.get(name)) for name in names)])
    return lines


def _below_other(rows: list[Row], names: list[str]) -> list[list[str]]:
    bounds = [_hull([row.intervals.get(name) for row in rows]) for name in names]
    return [[_LEAD, *(interval(bound, signed=True) for bound in bounds)]] if any(bounds) else []


def _hull(bounds: list[Interval | None]) -> Interval | None:
    """From the lowest to the highest bound of all seeds."""
    known = [bound for bound in bounds if bound is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _title(protocol: dict[str, Any]) -> str:
    facts = [
        f"{number(protocol[key])} {label(key)}"
        for key in ("targets", "users", "candidates")
        if key in protocol
    ]
    if protocol.get("sampled"):
        facts.append(f"drawn from {number(protocol['sampled_from_users'])} users")
    if "repeat_interactions" in protocol:
        facts.append(f"repeats: {protocol['repeat_interactions']}")
    return f"{label(protocol['name'])}: {', '.join(facts)}"


def _cost(runs: Sequence[Run]) -> list[str]:
    steps = list(runs[0].step_seconds)
    table = [["seconds", *steps, "epochs", "best", "targets/s", "peak memory"]]
    for run in runs:
        training = run.record["training"] or {}
        table.append(
            [
                f"seed {run.seed}",
                *(f"{run.step_seconds[step]:.1f}" for step in steps),
                *(number(training.get(key)) for key in ("epochs", "best_epoch")),
                number(_rounded(training.get("targets_per_second"))),
                size(run.peak_memory_bytes),
            ]
        )
    return align(table)


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _facts(runs: Sequence[Run]) -> list[str]:
    lines = [
        f"seed {run.seed} was rejected all the same: {run.record['verdict']['cause']}"
        for run in runs
        if run.exit_code == ExitCode.MODEL_REJECTED
    ]
    settings = baseline_settings(runs[0].metrics.get("baselines"))
    lines += [f"{label(name)}: {told}" for name, told in settings.items()]
    lines.append("  ".join(f"{name} {of}" for name, of in runs[0].record["versions"].items()))
    lines += [run.command for run in runs]
    return lines
