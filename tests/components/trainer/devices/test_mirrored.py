"""A training on two devices of one machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components.trainer.devices import mirrored_program


def test_two_replicas_compute_the_gradient_of_one_device(tmp_path: Path) -> None:
    command = [sys.executable, "-m", mirrored_program.__name__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["replicas"] == 2
    # The gradient of one device is the oracle; sums of float32 differ by their order alone.
    assert result["scale"] > 0.01
    assert result["gradients"] < 1e-5 * result["scale"]
    # After two epochs with averaged weights, which validation and the best epoch put into the model.
    assert result["weights"] == 0.0
    of_two, of_one = result["history"]
    assert [record["epoch"] for record in of_two] == [1, 2]
    # Two replicas fill up batches with padding, so that their batches are not those of one device.
    assert of_two[1]["val_loss"] == pytest.approx(of_one[1]["val_loss"], rel=0.05)
    assert of_two[1]["val_loss"] < of_two[0]["val_loss"]
