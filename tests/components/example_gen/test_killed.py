"""Tests that an ingestion killed while writing leaves no incomplete split."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from components.examples.shards import split_files
from schemas.errors import InputError
from schemas.settings import to_json
from tests.components.example_gen.logs import event, settings

ROOT = Path(__file__).parents[3]
SPLITS = {"train": "windows", "eval": "windows", "test": "windows", "events": "events"}
KILLS = ("open-1", "open-3", "os.rename-1", "os.rename-2", "os.rename-4")
NEVER = "never"

pytestmark = pytest.mark.nightly


def examples(output: Path, split: str) -> list[bytes]:
    """Returns all records that a reader finds in a split; none if there is no file."""
    try:
        files = split_files(str(output / SPLITS[split]), split)
    except InputError:
        return []
    return sorted(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs ingestions of one log, each killed at another moment, and one that finishes."""
    folder = tmp_path_factory.mktemp("killed")
    log = [event(f"u{n % 7}", f"i{n % 11}", 100 * n) for n in range(500)] + ["{"]
    config = folder / "config.json"
    config.write_text(to_json(settings(folder, log)))
    program = "tests.components.example_gen.killed_ingestions"
    completed = subprocess.run(
        [sys.executable, "-m", program, str(config), str(folder), *KILLS, NEVER],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr.decode()
    assert json.loads(completed.stdout) == {**dict.fromkeys(KILLS, -signal.SIGKILL), NEVER: 0}
    return folder


@pytest.mark.parametrize("kill", KILLS)
def test_splits_are_complete_or_absent(folder: Path, kill: str) -> None:
    for split in SPLITS:
        complete = examples(folder / NEVER, split)
        assert complete
        assert examples(folder / kill, split) in ([], complete)


def test_a_run_killed_before_the_first_rename_leaves_no_shard(folder: Path) -> None:
    for kill in ("open-1", "os.rename-1"):
        assert not [path for path in (folder / kill).glob("*/Split-*/*") if path.is_file()]
