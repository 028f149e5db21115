"""Parity of training and serving, the health of the embeddings, and later negative feedback."""

from components.run_reporter.evaluation_details import diagnosis_facts
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from schemas.steps import EVALUATOR

_READING = (
    "Signs of a model that is wrong although its metrics look right: answers that differ between "
    "training and serving, embeddings that use few dimensions, a few items that are recommended to "
    "everyone, or recommendations that are much more popular than what users consume."
)


def diagnosis_section(inputs: ReportInputs) -> Section:
    """Returns the section on diagnosis."""
    found = diagnosis_facts(inputs.metrics["diagnosis"])
    negatives = inputs.metrics.get("later_negatives")
    if not (found or negatives):
        missing = why_missing(inputs, EVALUATOR)
        return Section("diagnosis", "Diagnosis", "", "diagnosis.html.j2", missing=missing)
    values = {"diagnosis": found, "negatives": negatives}
    return Section("diagnosis", "Diagnosis", _READING, "diagnosis.html.j2", values)
