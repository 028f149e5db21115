"""The graph of a re-index: nothing is trained, and the gate stands before the index."""

from dataclasses import fields
from pathlib import Path

import pytest
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.importer import SOURCE_URI_KEY, Importer

from components.catalogue_gen.component import CatalogueExampleGen
from pipeline.paths import run_paths
from pipeline.reindex_graph import reindex_nodes
from pipeline.runners.launch import catalogue_facts
from pipeline.runners.lineage import PushedModel
from schemas.data_settings import EraseSettings
from schemas.settings import Settings, from_dict
from tests.worlds import write_chain_world

PUSHED = PushedModel(
    **{field.name: f"at/{field.name}" for field in fields(PushedModel) if field.name != "erase"},
    erase=EraseSettings(),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    world = write_chain_world(tmp_path, 4, 6, 4)
    (tmp_path / "log.jsonl").unlink()
    erase = {"item_ids": ["secret"]}
    return from_dict(Settings, {**world, "name": "chain", "output": "run", "erase": erase})


@pytest.fixture
def nodes(settings: Settings) -> dict[str, BaseNode]:
    made = reindex_nodes(settings, run_paths(settings), catalogue_facts(settings), PUSHED, "7")
    return {node.id: node for node in made}


def test_the_trained_model_is_indexed_with_the_new_catalogue(nodes: dict[str, BaseNode]) -> None:
    inputs = nodes["ScannIndexer"].inputs
    makers = {key: channel.producer_component_id for key, channel in inputs.items()}

    assert makers == {
        "model": "TrainedModel",
        "windows": "TrainedWindows",
        "catalogue": CatalogueExampleGen.__name__,
    }
    imported = nodes["TrainedModel"]
    assert isinstance(imported, Importer)
    assert imported.exec_properties[SOURCE_URI_KEY] == "at/model"
    assert nodes["ScannIndexer"].exec_properties["is_reindex"] == 1
    assert nodes["VersionedPusher"].exec_properties["reindex_of"] == "7"


def test_every_step_stands_after_what_it_needs(nodes: dict[str, BaseNode]) -> None:
    order = list(nodes)
    for place, node in enumerate(nodes.values()):
        assert {needed.id for needed in node.upstream_nodes} <= set(order[:place])
    assert nodes["DataGate"] in nodes["ScannIndexer"].upstream_nodes


def test_only_what_reads_records_takes_ids_to_erase(nodes: dict[str, BaseNode]) -> None:
    takes = {name for name, node in nodes.items() if "secret" in str(node.exec_properties)}
    assert takes == {"CatalogueExampleGen"}


def test_the_fingerprint_is_of_the_catalogue_alone(settings: Settings) -> None:
    assert settings.items is not None
    before = catalogue_facts(settings)
    with Path(str(settings.items.path)).open("a") as file:
        file.write("item-new,a,b,1,2\n")
    after = catalogue_facts(settings)

    assert before.catalogue_fingerprint != after.catalogue_fingerprint
    assert before.launch != after.launch
