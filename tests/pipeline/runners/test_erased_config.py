"""Where ids to erase stand in the configuration, they stand in no record of a run."""

from pathlib import Path

import pytest

from pipeline.exit_codes import ExitCode
from pipeline.graph import pipeline_nodes
from pipeline.paths import run_paths
from pipeline.runners.launch import unread_facts
from pipeline.runners.write_record import run_record
from schemas.settings import Settings, from_dict
from tests.worlds import write_chain_world

INGESTING = {"CatalogueExampleGen", "InteractionExampleGen"}


def settings(folder: Path, *user_ids: str) -> Settings:
    erase = {"user_ids": list(user_ids), "item_ids_path": "erased/items.txt"}
    world = write_chain_world(folder, 4, 6, 4) | {"name": "chain", "output": str(folder / "run")}
    return from_dict(Settings, {**world, "erase": erase})


@pytest.fixture(scope="module")
def erasing(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings(tmp_path_factory.mktemp("world"), "secret", "hidden")


def recorded(of: Settings) -> dict:
    return run_record(of, "config.yaml", run_paths(of), 0.0, ExitCode.PUSHED, None, [])


def test_the_record_counts_ids(erasing: Settings) -> None:
    record = recorded(erasing)
    assert "secret" not in str(record)
    assert record["config"]["erase"]["user_ids"]["count"] == 2
    assert record["config"]["erase"]["item_ids"] == []
    assert record["config"]["erase"]["item_ids_path"] == "erased/items.txt"


def test_the_record_tells_other_ids_apart(tmp_path: Path) -> None:
    one, same, other = (
        recorded(settings(tmp_path, *ids))
        for ids in (("secret", "hidden"), ("hidden", "secret"), ("secret", "seen"))
    )
    assert one["config"] == same["config"]
    assert one["config"]["erase"] != other["config"]["erase"]
    assert one["config_hash"] != other["config_hash"]


def test_only_what_reads_records_takes_ids(erasing: Settings) -> None:
    nodes = pipeline_nodes(erasing, run_paths(erasing), unread_facts())
    takes_ids = {node.id for node in nodes if "secret" in str(node.exec_properties)}
    assert takes_ids == INGESTING
