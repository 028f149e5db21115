"""The printed tables of a measurement: metrics by protocol, time and memory, versions."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmarks.quality.measured_run import MeasuredRun
from components.run_reporter.comparison import (
    ComparisonRow,
    Interval,
    comparison_rows,
    headline_metrics,
)
from components.run_reporter.evaluation_details import baseline_settings
from components.run_reporter.formatting import interval, label, metric, number, size
from components.run_reporter.summary import align
from pipeline.exit_codes import ExitCode
from schemas.metrics import PROTOCOLS

_MODEL_INTERVAL = "  95 % interval"
_DIFFERENCE = "  model minus baseline, 95 %"


def render_tables(runs: Sequence[MeasuredRun]) -> str:
    """Returns the metrics of every protocol, then time and memory, rejections and versions.

    Args:
      runs: Runs of the same log and configuration, one per seed.
    """
    parts = [
        _metrics_table(runs, [section(run.metrics, name) for run in runs])
        for name in protocol_names(runs[0].metrics)
    ]
    return "\n\n".join("\n".join(part) for part in (*parts, _time_and_memory(runs), _notes(runs)))


def protocol_names(metrics: dict[str, Any]) -> list[str]:
    """Returns the protocols of `metrics.json`, the headline protocol first."""
    headline = metrics["protocol"]["name"]
    others = metrics.get("protocols") or {}
    return [headline, *(name for name in PROTOCOLS if name in others and name != headline)]


def section(metrics: dict[str, Any], protocol: str) -> dict[str, Any]:
    """Returns the part of `metrics.json` with the results of one protocol."""
    if protocol == metrics["protocol"]["name"]:
        return metrics
    results: dict[str, Any] = metrics["protocols"][protocol]
    return results


def _metrics_table(runs: Sequence[MeasuredRun], sections: list[dict[str, Any]]) -> list[str]:
    by_run = [{row.name: row for row in comparison_rows(results)} for results in sections]
    names = headline_metrics(list(by_run[0].values()))
    table = [["", *names]]
    for name, first in by_run[0].items():
        rows = [run_rows[name] for run_rows in by_run]
        values = [_mean(row.metrics.get(column) for row in rows) for column in names]
        title = name if len(rows) == 1 else f"{name}, mean of {len(rows)} seeds"
        table.append([title if first.is_model else name, *map(metric, values)])
        table += (
            _model_details(runs, rows, names) if first.is_model else _baseline_details(rows, names)
        )
    return [_title(sections[0]["protocol"]), *align(table)]


def _model_details(
    runs: Sequence[MeasuredRun], rows: list[ComparisonRow], names: list[str]
) -> list[list[str]]:
    lines = []
    for run, row in zip(runs, rows, strict=True):
        if len(runs) > 1:
            values = [metric(row.metrics.get(name)) for name in names]
            lines.append([f"  seed {run.seed}", *values])
        lines.append([_MODEL_INTERVAL, *(interval(row.intervals.get(name)) for name in names)])
    return lines


def _baseline_details(rows: list[ComparisonRow], names: list[str]) -> list[list[str]]:
    bounds = [_enclosing_interval([row.intervals.get(name) for row in rows]) for name in names]
    return (
        [[_DIFFERENCE, *(interval(bound, signed=True) for bound in bounds)]] if any(bounds) else []
    )


def _enclosing_interval(bounds: list[Interval | None]) -> Interval | None:
    """Returns the lowest and the highest bound of all seeds, or None without any interval."""
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


def _time_and_memory(runs: Sequence[MeasuredRun]) -> list[str]:
    steps = list(runs[0].step_seconds)
    table = [["seconds", *steps, "epochs", "best epoch", "targets/s", "peak memory"]]
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


def _notes(runs: Sequence[MeasuredRun]) -> list[str]:
    lines = [
        f"seed {run.seed}: a gate rejected the model: {run.record['verdict']['cause']}"
        for run in runs
        if run.exit_code == ExitCode.MODEL_REJECTED
    ]
    settings = baseline_settings(runs[0].metrics.get("baselines"))
    lines += [f"{label(name)}: {values}" for name, values in settings.items()]
    lines.append(
        "  ".join(f"{name} {version}" for name, version in runs[0].record["versions"].items())
    )
    lines += [run.command for run in runs]
    return lines
