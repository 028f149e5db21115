"""The gates of the run: what they measured and what they decided."""

from typing import Any

from components.gate import Verdict
from components.run_reporter.sections.section import ReportInputs, Section

_READING = (
    "A gate compares a measured value with a threshold. One rejection is enough: then nothing is "
    "pushed, and what serves is unchanged. A gate whose comparison the data does not decide passes "
    "with a warning (!)."
)


def gates_section(inputs: ReportInputs) -> Section:
    """Returns the section on gates: rejections, then warnings, then the others."""
    gates = sorted(inputs.run["gates"], key=_order)
    missing = "" if gates else "The run ended before its first gate."
    reading = _READING if gates else ""
    return Section("gates", "Gates", reading, "gates.html.j2", {"gates": gates}, missing)


def _order(gate: dict[str, Any]) -> int:
    if not gate["passed"]:
        return 0
    return 1 if gate.get("verdict") == Verdict.UNDECIDED else 2
