"""Tests that counts are added to Beam's metrics."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import MetricsFilter

from components.records.side_outputs import (
    METRICS_NAMESPACE,
    REJECTS_TAG,
    SUMMARY_TAG,
    rejects_and_counts,
)
from schemas.events import Reject, RejectReason


class RejectOne(beam.DoFn):
    def process(self, num_read: int) -> Iterator[Any]:
        reject = Reject("log", num_read, RejectReason.DUPLICATE, "detail", "raw")
        yield from rejects_and_counts("interactions", [reject], num_read=num_read, num_erased=1)


def test_metrics_add_up() -> None:
    pipeline = beam.Pipeline()
    created = pipeline | beam.Create([10, 20])
    _ = created | beam.ParDo(RejectOne()).with_outputs(REJECTS_TAG, SUMMARY_TAG)
    result = pipeline.run()
    result.wait_until_finish()
    metrics = result.metrics().query(MetricsFilter().with_namespace(METRICS_NAMESPACE))
    assert {counter.key.metric.name: counter.committed for counter in metrics["counters"]} == {
        "interactions_read": 10 + 20,
        "interactions_rejected_duplicate": 2,
        "interactions_rejected_erased": 2,
    }
