"""The side outputs of the steps that read and clean records: rejects and counts."""

from collections.abc import Iterator, Mapping
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from components.records.list_text import ListForms
from components.records.reject_table import serialize_rejects
from components.records.summary import Summary
from components.records.text_looks import TextLooks
from components.records.time_ranges import TimeRange
from schemas.events import Reject, RejectReason

REJECTS_TAG = "rejects"
SUMMARY_TAG = "summary"
METRICS_NAMESPACE = "twotower"


def rejects_and_counts(
    source: str,
    rejects: list[Reject],
    num_read: int = 0,
    num_erased: int = 0,
    faults: set[str] | None = None,
    list_forms: ListForms | None = None,
    times: Mapping[str, TimeRange] | None = None,
    text_looks: TextLooks | None = None,
) -> Iterator[Any]:
    """Yields the rejects and the counts of a step as tagged outputs.

    The counts are also added to Beam's metrics `<source>_read` and `<source>_rejected_<reason>`.

    Args:
      source: `interactions`, `users` or `items`.
      rejects: Rejected records.
      num_read: Number of records read.
      num_erased: Number of those that were dropped because their user or item is erased.
      faults: Errors of files that could not be read.
      list_forms: How the texts of columns of lists are written.
      times: The range of each column of times.
      text_looks: How the texts of each column look.

    Yields:
      Rejects (`reject_table.serialize_rejects`) under REJECTS_TAG, a `Summary` under SUMMARY_TAG.
    """
    summary = Summary(faults=faults or set(), list_forms=list_forms or ListForms())
    summary.times.merge({(source, name): found for name, found in (times or {}).items()})
    summary.text_looks += text_looks or TextLooks()
    summary.read[source] = num_read
    summary.add_rejects(source, rejects)
    if num_erased:
        summary.rejects[source, RejectReason.ERASED.value] += num_erased
    increment_counter(f"{source}_read", num_read)
    for (_, reason), number in summary.rejects.items():
        increment_counter(f"{source}_rejected_{reason}", number)
    if rejects:
        yield beam.pvalue.TaggedOutput(REJECTS_TAG, serialize_rejects(rejects))
    if summary.rejects or num_read or faults:
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)


def increment_counter(name: str, number: int) -> None:
    """Adds a number to a counter of Beam's metrics; zero does not create the counter."""
    if number:
        Metrics.counter(METRICS_NAMESPACE, name).inc(number)
