"""The peak memory of a component, from the records that TFX's runner logs."""

import logging
from pathlib import Path

import pytest

from pipeline.runners import peak_memory
from pipeline.runners.peak_memory import PeakMemoryHandler

MB = 1_000_000


@pytest.fixture
def handler() -> PeakMemoryHandler:
    return PeakMemoryHandler()


@pytest.fixture
def absl(handler: PeakMemoryHandler) -> logging.Logger:
    logger = logging.Logger("absl")
    logger.addHandler(handler)
    return logger


def test_memory_that_a_component_has_freed_counts_for_it_alone(
    handler: PeakMemoryHandler, absl: logging.Logger
) -> None:
    absl.info("Component %s is running.", "TwoTowerTrainer")
    bytearray(b"x") * (300 * MB)
    absl.info("Component %s is finished.", "TwoTowerTrainer")
    absl.info("another line")
    absl.info("Component %s is running.", "VersionedPusher")
    absl.info("Component %s is finished.", "VersionedPusher")

    peaks = handler.peak_bytes
    assert list(peaks) == ["TwoTowerTrainer", "VersionedPusher"]
    assert peaks["TwoTowerTrainer"] - peaks["VersionedPusher"] > 200 * MB


def test_a_component_that_fails_is_measured_when_the_run_ends(
    handler: PeakMemoryHandler, absl: logging.Logger
) -> None:
    absl.info("Component %s is running.", "DataGate")
    handler.finish()
    handler.finish()
    assert list(handler.peak_bytes) == ["DataGate"]


def test_nothing_is_reported_where_the_system_cannot_reset_the_peak(
    handler: PeakMemoryHandler, absl: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peak_memory, "_CLEAR_REFS", Path("/proc/self/no such file"))
    absl.info("Component %s is running.", "DataGate")
    absl.info("Component %s is finished.", "DataGate")
    assert handler.peak_bytes == {}
