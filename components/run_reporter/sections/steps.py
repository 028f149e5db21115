"""Seconds and peak memory of every component."""

from components.run_reporter.charts.bars import named_bars
from components.run_reporter.charts.figure import Figure
from components.run_reporter.formatting import duration, size
from components.run_reporter.sections.section import ReportInputs, Section

_READING = (
    "The time and the memory of each step. A step from the cache takes almost no time. Memory is "
    "the largest resident set of the process while the step ran; all steps of a local run share "
    "one process, so it includes what earlier steps have not returned to the system, and it leaves "
    "out other processes, such as Beam workers."
)


def steps_section(inputs: ReportInputs) -> Section:
    """Returns the section on time and memory."""
    steps = inputs.run["components"]
    if not steps:
        missing = "This report has no record of the steps."
        return Section("steps", "Time and memory", "", "steps.html.j2", missing=missing)
    figures: list[Figure] = []
    ran = [step for step in steps if step["seconds"]]
    if ran:
        bars = [(s["component"], s["seconds"], duration(s["seconds"])) for s in ran]
        figures.append(named_bars("step-seconds", "Time of each step", ("step", "time"), bars))
    measured = [step for step in steps if step.get("peak_memory_bytes")]
    if measured:
        memory = [
            (s["component"], s["peak_memory_bytes"], size(s["peak_memory_bytes"])) for s in measured
        ]
        figures.append(
            named_bars(
                "step-memory",
                "Peak memory of the process during each step",
                ("step", "peak memory"),
                memory,
                colour="var(--c3)",
            )
        )
    return Section(
        "steps", "Time and memory", _READING, "steps.html.j2", {"steps": steps, "figures": figures}
    )
