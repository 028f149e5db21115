"""The graph of a re-index: no training, and the data gate runs before the indexer."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import SOURCE_URI_KEY, Importer

from components.catalogue_gen.component import CatalogueExampleGen
from pipeline.paths import run_paths
from pipeline.reindex_graph import reindex_nodes
from pipeline.runners.cache_keys import reindex_cache_keys
from pipeline.runners.model_lineage import ModelLineage
from schemas.privacy_settings import EraseSettings
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset

LINEAGE = ModelLineage(
    **{field.name: f"at/{field.name}" for field in fields(ModelLineage) if field.name != "erase"},
    erase=EraseSettings(),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    world = write_chain_dataset(tmp_path, 4, 6, 4)
    (tmp_path / "log.jsonl").unlink()
    erase = {"item_ids": ["secret"]}
    return from_dict(Settings, {**world, "name": "chain", "output": "run", "erase": erase})


@pytest.fixture
def nodes(settings: Settings) -> dict[str, BaseNode]:
    keys = reindex_cache_keys(settings)
    nodes = reindex_nodes(settings, run_paths(settings), keys, LINEAGE, "7")
    return {node.id: node for node in nodes}


def test_the_trained_model_is_indexed_with_the_new_catalogue(nodes: dict[str, BaseNode]) -> None:
    inputs = nodes["ScannIndexer"].inputs
    producers = {key: channel.producer_component_id for key, channel in inputs.items()}

    assert producers == {
        "model": "TrainedModel",
        "windows": "TrainedWindows",
        "catalogue": CatalogueExampleGen.__name__,
    }
    imported = nodes["TrainedModel"]
    assert isinstance(imported, Importer)
    assert imported.exec_properties[SOURCE_URI_KEY] == "at/model"
    assert nodes["ScannIndexer"].exec_properties["is_reindex"] == 1
    pusher = nodes["VersionedPusher"]
    assert pusher.exec_properties["reindex_of"] == "7"
    assert pusher.inputs["model"].producer_component_id == "ProvenModel"
    assert pusher.inputs["refit_blessing"].producer_component_id == "RefitBlessing"
    assert nodes["DataGate"].inputs["current"].producer_component_id == "CurrentModel"


def test_without_a_refit_there_is_no_blessing_of_one(settings: Settings) -> None:
    lineage = replace(LINEAGE, refit_blessing=None)
    keys = reindex_cache_keys(settings)
    nodes = {n.id: n for n in reindex_nodes(settings, run_paths(settings), keys, lineage, "7")}

    assert "RefitBlessing" not in nodes
    assert "refit_blessing" not in nodes["VersionedPusher"].inputs


def test_nodes_are_in_topological_order(nodes: dict[str, BaseNode]) -> None:
    order = list(nodes)
    for position, node in enumerate(nodes.values()):
        assert {upstream.id for upstream in node.upstream_nodes} <= set(order[:position])
    assert nodes["DataGate"] in nodes["ScannIndexer"].upstream_nodes


def test_only_ingestion_gets_ids_to_erase(nodes: dict[str, BaseNode]) -> None:
    with_ids = {name for name, node in nodes.items() if "secret" in str(node.exec_properties)}
    assert with_ids == {"CatalogueExampleGen"}


def test_only_the_catalogue_is_fingerprinted(settings: Settings) -> None:
    assert settings.items is not None
    before = reindex_cache_keys(settings)
    with Path(str(settings.items.path)).open("a") as file:
        file.write("item-new,a,b,1,2\n")
    after = reindex_cache_keys(settings)

    assert before.catalogue_fingerprint != after.catalogue_fingerprint
    assert before.launch_id != after.launch_id
