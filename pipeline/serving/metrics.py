"""Prometheus metrics of the server."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from pipeline.serving.allocated_memory import allocated_bytes

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The metrics of one server, in a registry of its own."""

    def __init__(self) -> None:
        """Creates all metrics, and those of the process."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "twotower_requests",
            "Requests by interface, method and status code.",
            ["interface", "method", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "twotower_request_seconds",
            "Time from the parsed head of a request to its answer.",
            ["interface", "method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batch_rows = Histogram(
            "twotower_batch_rows",
            "Rows of the batches that the model ran.",
            ["signature"],
            buckets=_ROWS,
            registry=self.registry,
        )
        self._served = Gauge(
            "twotower_served_version",
            "1 for each version that is loaded, by its label; the newest has the label ''.",
            ["version", "label"],
            registry=self.registry,
        )
        self._traffic = Counter(
            "twotower_traffic_records",
            "Records of the traffic log by outcome: written or dropped.",
            ["outcome"],
            registry=self.registry,
        )
        self._skipped = Gauge(
            "twotower_skipped_versions",
            "Versions that failed to load or to warm up.",
            registry=self.registry,
        )
        if allocated_bytes() is not None:
            Gauge(
                "twotower_allocated_bytes",
                "Memory that is in use, without the free memory between allocated blocks.",
                registry=self.registry,
            ).set_function(lambda: allocated_bytes() or 0)

    def observe_request(self, interface: str, method: str, code: str, seconds: float) -> None:
        """Records one request.

        Args:
          interface: rest or grpc.
          method: The method of the request, such as predict.
          code: The gRPC status code.
          seconds: How long it took.
        """
        self._requests.labels(interface, method, code).inc()
        self._seconds.labels(interface, method).observe(seconds)

    def observe_batch(self, signature: str, rows: int) -> None:
        """Records one run of the model."""
        self._batch_rows.labels(signature).observe(rows)

    def count_traffic(self, outcome: str, records: int) -> None:
        """Counts records of the traffic log; may be called in any thread.

        Args:
          outcome: written or dropped.
          records: Their number.
        """
        self._traffic.labels(outcome).inc(records)

    def set_versions(self, newest: int | None, labels: dict[str, int], skipped: int) -> None:
        """Records which versions are served, and the number of versions that failed."""
        self._served.clear()
        if newest is not None:
            self._served.labels(str(newest), "").set(1)
        for label, version in labels.items():
            self._served.labels(str(version), label).set(1)
        self._skipped.set(skipped)

    def text(self) -> bytes:
        """Returns all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)
