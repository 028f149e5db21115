"""A section of the report, and what its builders read."""

from dataclasses import dataclass, field
from typing import Any

from components.run_reporter.collect import Fragments
from components.run_reporter.read_files import StepFiles
from components.run_reporter.verdict import TOLD_BY_STATE


@dataclass(frozen=True)
class ReportInputs:
    """What the report shows.

    Attributes:
      metrics: The content of `metrics.json`.
      run: The content of `run.json`.
      fragments: The fragments of the steps by component.
      files: The contents of other files that steps wrote.
    """

    metrics: dict[str, Any]
    run: dict[str, Any]
    fragments: Fragments = field(default_factory=dict)
    files: StepFiles = field(default_factory=StepFiles)


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
      anchor: The id of its heading, for links.
      title: Its heading.
      reading: How to read it; "" if that is obvious.
      template: The name of its template, which reads `values`.
      values: The values of the template.
      missing: Why the section has no content; "" if it has.
    """

    anchor: str
    title: str
    reading: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)
    missing: str = ""

    def without_content(self, missing: str) -> "Section":
        """Returns the section with its heading and the sentence `missing` only."""
        return Section(self.anchor, self.title, "", self.template, missing=missing)


def why_missing(inputs: ReportInputs, *steps: str) -> str:
    """Returns a sentence that says why steps have no result in this run.

    Args:
      inputs: What the report shows.
      steps: The ids of the steps whose result the section shows; the first that is known decides.
    """
    run = inputs.run
    if run["verdict"]["outcome"] == TOLD_BY_STATE:
        return "The results of the steps are not available to this report."
    records = {record["component"]: record for record in run["components"]}
    known = [records[step] for step in steps if step in records]
    if not known:
        names = " or ".join(steps)
        if not records:
            return f"The run ended before its first step, so there is no result of {names}."
        return f"This run has no step {names}."
    step = known[0]
    missing = step["component"]
    if step["status"] == "failed":
        return f"{missing} failed, so it has no result: {step['error'] or 'no error message.'}"
    if step["status"] == "skipped":
        failed = [
            record["component"] for record in records.values() if record["status"] == "failed"
        ]
        cause = f"{' and '.join(failed)} failed" if failed else "the run ended earlier"
        return f"{missing} did not run, because {cause}."
    return f"{missing} has written no result for this section."
