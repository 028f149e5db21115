"""A whole run over a log of which users and items are erased: nothing that it writes names them."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.worlds import item_id, write_chain_world

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NUM_ITEMS = 60
EVENTS_PER_USER = 20
ERASED_USERS = ("user-003", "user-017")
ERASED_ITEM = item_id(7)
GZIP_MAGIC = b"\x1f\x8b"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("erasure")
    world = write_chain_world(folder / "world", 60, NUM_ITEMS, EVENTS_PER_USER)
    _add_dirt(folder / "world" / "log.jsonl")
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


def _add_dirt(log: Path) -> None:
    """Records of an erased user that are rejected in their own right: told, and not to be told."""
    with log.open("a") as file:
        file.write(f'{{"user": "{ERASED_USERS[0]}", "item": "item-001", "time": "soon"}}\n')
        file.write(f'{{"user": "{ERASED_USERS[0]}", "item": "item-0\n')


def _names(path: Path, text: str) -> bool:
    data = path.read_bytes()
    return text.encode() in (gzip.decompress(data) if data.startswith(GZIP_MAGIC) else data)


def _files_that_name(run_dir: Path, text: str) -> list[str]:
    files = [path for path in run_dir.rglob("*") if path.is_file()]
    return [str(path.relative_to(run_dir)) for path in files if _names(path, text)]


@pytest.mark.parametrize("erased", [*ERASED_USERS, ERASED_ITEM])
def test_no_file_of_the_run_names_what_was_erased(run_dir: Path, erased: str) -> None:
    assert _files_that_name(run_dir, erased) == []


@pytest.mark.parametrize("kept", ["user-004", item_id(8)])
def test_the_same_search_finds_what_was_not_erased(run_dir: Path, kept: str) -> None:
    folders = {name.split("/")[0] for name in _files_that_name(run_dir, kept)}
    assert {"pipeline_root", "serving"} <= folders


def test_what_was_erased_is_counted(run_dir: Path) -> None:
    run = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
    items, interactions = (
        run["ingestion"][key]["rejects"] for key in ("catalogue", "interactions")
    )
    assert items == {"erased": 1}
    assert interactions["unparseable"] == 1
    # All events of an erased user, the one with a bad time too, and the item's of everybody else.
    assert interactions["erased"] > len(ERASED_USERS) * EVENTS_PER_USER + 1
