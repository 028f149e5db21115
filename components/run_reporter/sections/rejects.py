"""Rejected records by reason, with one example of each."""

from components.run_reporter.ingestion import rejects_by_reason, sources
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN

_READING = (
    "Records that were read and not used, by the reason. An unexpected reason, or a frequent one, "
    "usually means that a setting does not match the file. The example is the first record of its "
    "reason; the folder rejects/ contains all of them. The setting rejects.raw: false keeps their "
    "content out of this page."
)
_SOURCES = {"interactions": "log", "users": "users file", "items": "items file", "logged": "log"}


def rejects_section(inputs: ReportInputs) -> Section:
    """Returns the section on rejected records."""
    read = sources(**inputs.run["ingestion"])
    if not read:
        missing = why_missing(inputs, INTERACTION_EXAMPLE_GEN, CATALOGUE_EXAMPLE_GEN)
        return Section("rejects", "Rejected records", "", "rejects.html.j2", missing=missing)
    return Section(
        "rejects",
        "Rejected records",
        _READING,
        "rejects.html.j2",
        {
            "sources": read,
            "rejects": rejects_by_reason(read),
            "examples": [
                (_SOURCES.get(example.source, example.source), example)
                for example in inputs.files.reject_examples
            ],
        },
    )
