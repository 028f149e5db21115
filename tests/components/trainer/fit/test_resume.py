"""A training that was killed goes on from its checkpoint, and ends as if it had not been killed."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.components.trainer.conftest import Exported

ROOT = Path(__file__).parents[4]
# An epoch has three steps and thus four checkpoints. The second process starts at the third step.
KILLS = (("step", 2), ("checkpoint", 4), ("validation", 0))


def start(
    rich: Exported, checkpoints: Path | None, kill: tuple[str, int] | None = None
) -> subprocess.CompletedProcess[str]:
    arguments = {
        "inputs": asdict(rich.dataset.inputs),
        "checkpoints": str(checkpoints) if checkpoints else None,
        "kill": kill,
    }
    command = [sys.executable, "-m", "tests.components.trainer.fit.killed_training"]
    return subprocess.run(
        [*command, json.dumps(arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def result_of(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert process.returncode == 0, process.stderr[-3000:]
    result: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return result


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted_bit_for_bit(
    rich: Exported, tmp_path: Path
) -> None:
    """Slow: five processes import TensorFlow, because what a kill leaves is on disk."""
    checkpoints = tmp_path / "checkpoints"
    expected = result_of(start(rich, None))

    for kill in KILLS:
        killed = start(rich, checkpoints, kill)
        assert killed.returncode == -signal.SIGKILL, killed.stderr[-3000:]
    resumed = result_of(start(rich, checkpoints))

    assert [record["epoch"] for record in expected["history"]] == [1, 2, 3]
    lines = [line for line in resumed["messages"] if "resumes" in line]
    assert len(lines) == 1
    assert str(checkpoints) in lines[0]
    assert "after epoch 1 and 3 steps of the next one" in lines[0]
    for key in ("weights", "history", "best_epoch"):
        assert resumed[key] == expected[key]
