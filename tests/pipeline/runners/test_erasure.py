"""A whole run with erased users and items: no file that it writes contains their ids."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.chain_dataset import item_id, write_chain_dataset

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).parents[3]
NUM_ITEMS = 60
EVENTS_PER_USER = 20
ERASED_USERS = ("user-003", "user-017")
ERASED_ITEM = item_id(7)
GZIP_MAGIC = b"\x1f\x8b"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erasure")
    world = write_chain_dataset(folder / "world", 60, NUM_ITEMS, EVENTS_PER_USER)
    _add_invalid_records(folder / "world" / "log.jsonl")
    (folder / "users.txt").write_text("\n".join(ERASED_USERS) + "\n")
    (folder / "items.txt.gz").write_bytes(gzip.compress(f" {ERASED_ITEM}\n\n".encode()))
    world["history"] = {"max_length": 10}
    world |= {
        "name": "chain",
        "output": str(folder / "run"),
        "train": {"max_epochs": 12, "events_per_step": 320, "learning_rate": 5e-3},
        "erase": {
            "user_ids_path": str(folder / "users.txt"),
            "item_ids_path": str(folder / "items.txt.gz"),
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(world), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "run", "config.yaml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    for erased in (*ERASED_USERS, ERASED_ITEM):
        assert erased not in done.stdout + done.stderr
    return folder / "run"


def _add_invalid_records(log: Path) -> None:
    """Appends invalid records of an erased user: one with a user id, one that cannot be parsed."""
    with log.open("a") as file:
        file.write(f'{{"user": "{ERASED_USERS[0]}", "item": "item-001", "time": "soon"}}\n')
        file.write(f'{{"user": "{ERASED_USERS[0]}", "item": "item-0\n')


def _contains(path: Path, text: str) -> bool:
    data = path.read_bytes()
    return text.encode() in (gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data)


def _files_containing(run_dir: Path, text: str) -> list[str]:
    files = [path for path in run_dir.rglob("*") if path.is_file()]
    return [str(path.relative_to(run_dir)) for path in files if _contains(path, text)]


@pytest.mark.parametrize("erased", [*ERASED_USERS, ERASED_ITEM])
def test_no_file_of_the_run_contains_an_erased_id(run_dir: Path, erased: str) -> None:
    assert _files_containing(run_dir, erased) == []


@pytest.mark.parametrize("kept", ["user-004", item_id(8)])
def test_the_same_search_finds_other_ids(run_dir: Path, kept: str) -> None:
    folders = {name.split("/")[0] for name in _files_containing(run_dir, kept)}
    assert {"pipeline_root", "serving"} <= folders


def test_erased_records_are_counted(run_dir: Path) -> None:
    run = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
    items, interactions = (
        run["ingestion"][key]["rejects"] for key in ("catalogue", "interactions")
    )
    assert items == {"erased": 1}
    assert interactions["unparseable"] == 1
    # All events of the erased users, one with an invalid time included, and events with the item.
    assert interactions["erased"] > len(ERASED_USERS) * EVENTS_PER_USER + 1
