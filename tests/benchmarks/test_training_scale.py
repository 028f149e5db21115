"""The benchmark of large trainings, at a small size, and its table."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.training_scale.stages import train_and_export
from benchmarks.training_scale.synthetic_log import write_log
from benchmarks.training_scale.table import table
from components.trainer.data.read import read_data

NUM_ITEMS, NUM_TARGETS = 300, 1_950


@pytest.mark.slow  # two transform graphs and an export
def test_a_small_log_is_read_trained_and_exported(tmp_path: Path) -> None:
    log = write_log(tmp_path, NUM_ITEMS, NUM_TARGETS, seed=1)

    data = read_data(log.inputs, log.data)
    measured = train_and_export(tmp_path, log, learned=1_000)

    assert len(data.candidates) == measured["items"] == NUM_ITEMS
    # Rounded up to 20 users with 100 events; repeats of an item are no targets.
    assert data.train.num_targets == measured["targets"]
    assert data.train.num_targets + data.train.repeat_targets == 2_000
    counts = np.bincount(data.train.targets().rows, minlength=NUM_ITEMS)
    assert np.corrcoef(counts, -np.arange(NUM_ITEMS))[0, 1] > 0.5  # the most frequent first
    assert set(measured["stages"]) == {"read", "statistics", "train", "export", "projector"}
    assert all(stage["peak_mb"] > 0 for stage in measured["stages"].values())


def test_table_gives_time_and_memory_of_each_stage() -> None:
    row = {
        "items": 1_000_000,
        "targets": 9_876_543,
        "parameters": 130_400_000,
        "seconds_per_million_targets": 123.4,
        "peak_mb": 8_192.0,
        "stages": {
            "read": {"seconds": 61.4, "peak_mb": 2_048.0},
            "train": {"seconds": 240.0, "peak_mb": 8_192.0},
        },
    }

    _, _, cells = table([row]).splitlines()

    assert [cell.strip() for cell in cells.strip("|").split("|")] == [
        "1,000,000",
        "9,876,543",
        "130",
        "123",
        "8.0",
        "61 (2.0)",
        "240 (8.0)",
    ]
