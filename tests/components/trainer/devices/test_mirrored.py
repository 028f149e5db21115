"""A training on two devices of one machine."""

import json
import subprocess
import sys
from pathlib import Path

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
    # Two epochs, with the averages that validation and the best epoch put into the model.
    assert result["weights"] == 0.0
    first, last = result["history"]
    assert last["val_loss"] < first["val_loss"]
