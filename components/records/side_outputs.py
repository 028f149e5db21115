"""What every reading and cleaning step gives beside its rows: rejected records, and counts."""

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.metrics import Metrics

from components.records.reject_table import pack
from components.records.summary import Summary
from schemas.events import Reject, RejectReason

REJECTS_TAG = "rejects"
SUMMARY_TAG = "summary"
METRICS_NAMESPACE = "twotower"


def outputs(
    source: str,
    rejects: list[Reject],
    num_read: int = 0,
    num_erased: int = 0,
    faults: set[str] | None = None,
) -> Iterator[beam.pvalue.TaggedOutput]:
    """The side outputs of a step: rejected records (`reject_table.pack`), and its counts.

    The counts also go to Beam's metrics, as `<source>_read` and `<source>_rejected_<reason>`.

    Args:
      source: `interactions`, `users` or `items`.
      rejects: Rejected records.
      num_read: How many records were read.
      num_erased: How many of them were dropped without a trace, as the settings ask.
      faults: Why a file could not be read.
    """
    summary = Summary(faults=faults or set())
    summary.read[source] = num_read
    summary.add_rejects(source, rejects)
    if num_erased:
        summary.rejects[source, RejectReason.ERASED.value] += num_erased
    count(f"{source}_read", num_read)
    for (_, reason), number in summary.rejects.items():
        count(f"{source}_rejected_{reason}", number)
    if rejects:
        yield beam.pvalue.TaggedOutput(REJECTS_TAG, pack(rejects))
    if summary.rejects or num_read or faults:
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)


def count(name: str, number: int) -> None:
    """Adds to one of Beam's metrics."""
    if number:
        Metrics.counter(METRICS_NAMESPACE, name).inc(number)
