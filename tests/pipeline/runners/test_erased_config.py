"""Ids to erase in the configuration are not written to the record of a run."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.exit_codes import ExitCode
from pipeline.graph import pipeline_nodes
from pipeline.paths import run_paths
from pipeline.runners.cache_keys import placeholder_cache_keys
from pipeline.runners.write_record import run_record
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset

INGESTING = {"CatalogueExampleGen", "InteractionExampleGen"}


def settings(folder: Path, *user_ids: str) -> Settings:
    erase = {"user_ids": list(user_ids), "item_ids_path": "erased/items.txt"}
    world = write_chain_dataset(folder, 4, 6, 4) | {"name": "chain", "output": str(folder / "run")}
    return from_dict(Settings, {**world, "erase": erase})


@pytest.fixture(scope="module")
def erasing(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings(tmp_path_factory.mktemp("world"), "secret", "hidden")


def record_of(run: Settings) -> dict[str, Any]:
    return run_record(run, "config.yaml", run_paths(run), 0.0, ExitCode.PUSHED, None, [])


def test_the_record_contains_the_number_of_ids(erasing: Settings) -> None:
    record = record_of(erasing)
    assert "secret" not in str(record)
    assert record["config"]["erase"]["user_ids"]["count"] == 2
    assert record["config"]["erase"]["item_ids"] == []
    assert record["config"]["erase"]["item_ids_path"] == "erased/items.txt"


def test_records_of_different_ids_differ(tmp_path: Path) -> None:
    one, same, other = (
        record_of(settings(tmp_path, *ids))
        for ids in (("secret", "hidden"), ("hidden", "secret"), ("secret", "seen"))
    )
    assert one["config"] == same["config"]
    assert one["config"]["erase"] != other["config"]["erase"]
    assert one["config_hash"] != other["config_hash"]


def test_only_ingestion_gets_ids(erasing: Settings) -> None:
    nodes = pipeline_nodes(erasing, run_paths(erasing), placeholder_cache_keys())
    with_ids = {node.id for node in nodes if "secret" in str(node.exec_properties)}
    assert with_ids == INGESTING
