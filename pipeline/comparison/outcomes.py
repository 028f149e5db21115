"""What two runs decided and needed: gates, the index, and the time and memory of each component."""

from dataclasses import dataclass
from typing import Any

from components.nested_changes import Change, changes
from pipeline.comparison.recorded_run import RecordedRun

_NOT_COMPARED = ("parity", "reason")


@dataclass(frozen=True)
class GateChange:
    """A gate of two runs.

    Attributes:
      name: Its name.
      a: Its result in run A: the verdict of a comparison with another model, else "passed" or
        "rejected"; None if it was not checked.
      b: Its result in run B.
      value_a: The value that it measured in run A.
      value_b: The value that it measured in run B.
    """

    name: str
    a: str | None
    b: str | None
    value_a: float | None
    value_b: float | None


@dataclass(frozen=True)
class ComponentChange:
    """A component of two runs.

    Attributes:
      name: Its name.
      status_a: "complete", "cached", "failed" or "skipped" in run A; None if A does not have it.
      status_b: The same of run B.
      seconds_a: Its wall time in run A. That of a cached component is the time of the look-up.
      seconds_b: Its wall time in run B.
      peak_memory_bytes_a: The largest memory of the process meanwhile in run A, if measured.
      peak_memory_bytes_b: The same of run B.
    """

    name: str
    status_a: str | None
    status_b: str | None
    seconds_a: float | None
    seconds_b: float | None
    peak_memory_bytes_a: int | None
    peak_memory_bytes_b: int | None


def compare_gates(a: RecordedRun, b: RecordedRun) -> list[GateChange]:
    """Returns all gates of both runs, in the order in which they were checked."""
    before, after = (_by_name(run.record.get("gates"), "name") for run in (a, b))
    return [
        GateChange(
            name,
            _result(before.get(name)),
            _result(after.get(name)),
            before.get(name, {}).get("value"),
            after.get(name, {}).get("value"),
        )
        for name in dict.fromkeys((*before, *after))
    ]


def compare_components(a: RecordedRun, b: RecordedRun) -> list[ComponentChange]:
    """Returns all components of both runs, in the order of the graph."""
    before, after = (_by_name(run.record.get("components"), "component") for run in (a, b))
    keys = ("status", "seconds", "peak_memory_bytes")
    rows = []
    for name in dict.fromkeys((*before, *after)):
        values = [run.get(name, {}).get(key) for key in keys for run in (before, after)]
        rows.append(ComponentChange(name, *values))
    return rows


def index_changes(a: RecordedRun, b: RecordedRun) -> list[Change]:
    """Returns the differences of the index: its plan, recall, latency and memory."""
    return changes(_index(a), _index(b))


def _by_name(rows: list[dict[str, Any]] | None, key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in rows or []}


def _result(gate: dict[str, Any] | None) -> str | None:
    if gate is None:
        return None
    if not gate["passed"]:
        return "rejected"
    return gate.get("verdict") or "passed"


def _index(run: RecordedRun) -> dict[str, Any]:
    """Returns the index without tables of measurements, such as the curve of its tuning."""
    index = run.metrics.get("index") or {}
    return {
        key: value
        for key, value in index.items()
        if key not in _NOT_COMPARED and not isinstance(value, list)
    }
