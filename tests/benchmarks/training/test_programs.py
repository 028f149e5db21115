"""The trainer and the tutorial's trainer run to the end and print their measurements."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks.training import tutorial, twotower
from benchmarks.training.__main__ import table
from benchmarks.training.sequences import SequenceLog

NUM_USERS, NUM_ITEMS, EVENTS = 60, 24, 9
# Every user goes through a part of the same circle of items.
ITEMS = (np.arange(NUM_USERS)[:, np.newaxis] + np.arange(EVENTS)) % NUM_ITEMS
LOG = SequenceLog(ITEMS.ravel(), np.full(NUM_USERS, EVENTS), NUM_ITEMS)


@pytest.mark.parametrize(("program", "batch"), [(twotower, 96), (tutorial, 32)])
def test_a_program_trains_on_every_event_that_is_not_held_out(
    program: ModuleType,
    batch: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    LOG.save(tmp_path / "log.npz")
    options = {"history": 4, "dim": 8, "seconds": 3600, "epochs": 2, "batch": batch}
    arguments = [word for key, value in options.items() for word in (f"--{key}", f"{value}")]
    monkeypatch.setattr(sys, "argv", ["program", str(tmp_path / "log.npz"), *arguments])

    assert program.main() == 0

    measured = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert measured["targets"] == pytest.approx(2 * NUM_USERS * (EVENTS - 1))
    assert 0.0 < measured["recall"] <= 1.0
    assert measured["targets_per_second"] > 0.0


def test_the_table_gives_ratios_to_the_trainer() -> None:
    row = {"first_step_s": 2.0, "peak_mb": 900.0, "targets": 50.0, "recall": 0.25}
    rows = {
        "twotower": {**row, "targets_per_second": 9000.0},
        "tutorial": {**row, "targets_per_second": 450.0},
    }

    assert table("pairs", rows, targets_per_epoch=100).splitlines()[2:] == [
        "| twotower | 9,000 | 1.0 | 2.0 | 900 | 0.50 | 0.2500 |",
        "| tutorial | 450 | 20.0 | 2.0 | 900 | 0.50 | 0.2500 |",
    ]
