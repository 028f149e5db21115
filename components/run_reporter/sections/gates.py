"""The gates of the run: what they measured and what they decided."""

from components.run_reporter.sections.section import ReportInputs, Section

_READING = (
    "A gate compares a measured value with a threshold. One rejection is enough: then nothing is "
    "pushed, and what serves is unchanged."
)


def gates_section(inputs: ReportInputs) -> Section:
    """Returns the section on gates, rejections first."""
    gates = sorted(inputs.run["gates"], key=lambda gate: bool(gate["passed"]))
    missing = "" if gates else "The run ended before its first gate."
    reading = _READING if gates else ""
    return Section("gates", "Gates", reading, "gates.html.j2", {"gates": gates}, missing)
