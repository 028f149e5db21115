"""From a pushed version back to the artifacts behind it, past other pushes and cached ones."""

import json
from pathlib import Path

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from pipeline.runners.lineage import read_pushed_model
from schemas.errors import InputError

Artifacts = dict[str, int]


class Store:
    """Writes executions as TFX does."""

    def __init__(self, path: str):
        config = metadata.sqlite_metadata_connection_config(path)
        self.store = metadata_store.MetadataStore(config)
        self.artifact = self.store.put_artifact_type(mlmd.ArtifactType(name="Any"))
        self.execution = self.store.put_execution_type(mlmd.ExecutionType(name="Step"))
        self.node = self.store.put_context_type(mlmd.ContextType(name="node"))

    def make(self, uri: str, **properties: str) -> int:
        made = mlmd.Artifact(type_id=self.artifact, uri=uri)
        for name, value in properties.items():
            made.custom_properties[name].string_value = value
        return self.store.put_artifacts([made])[0]

    def run(self, node: str, inputs: Artifacts, outputs: Artifacts, **properties: str) -> None:
        execution = mlmd.Execution(type_id=self.execution)
        for name, value in properties.items():
            execution.custom_properties[name].string_value = value
        known = self.store.get_context_by_type_and_name("node", node)
        context = known or mlmd.Context(type_id=self.node, name=node)
        events = []
        for kind, artifacts in ((mlmd.Event.INPUT, inputs), (mlmd.Event.OUTPUT, outputs)):
            for key, artifact in artifacts.items():
                event = mlmd.Event(type=kind, artifact_id=artifact)
                event.path.steps.add().key = key
                event.path.steps.add().index = 0
                found = self.store.get_artifacts_by_id([artifact])[0]
                events.append((found, event))
        self.store.put_execution(execution, events, [context])


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Two models, the second one of which was pushed again by a cached run."""
    path = str(tmp_path / "metadata.sqlite")
    store = Store(path)
    for number in ("1", "2"):
        made = {
            key: store.make(f"{key}/{number}")
            for key in (
                "model",
                "windows",
                "catalogue",
                "bundle",
                "model_blessing",
                "evaluation",
                "events_statistics",
            )
        }
        data = json.dumps({"erase": {"item_ids": [f"erased {number}"]}})
        store.run("chain.CatalogueExampleGen", {}, {"examples": made["catalogue"]}, data=data)
        indexed = {key: made[key] for key in ("model", "windows", "catalogue")}
        evaluated = ("bundle", "model_blessing", "evaluation", "events_statistics")
        for _ in range(int(number)):
            store.run("chain.ScannIndexer", indexed, {"bundle": made["bundle"]})
            version = store.make("pushed", pushed_version=f"10{number}")
            pushed = {key: made[key] for key in evaluated}
            store.run("chain.VersionedPusher", pushed, {"pushed_model": version})
    return path


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_version_leads_to_its_own_model(path: str, number: str) -> None:
    found = read_pushed_model(path, "chain", f"10{number}", lambda uri: f"here/{uri}")

    assert found.model == f"here/model/{number}"
    assert found.windows == f"here/windows/{number}"
    assert found.model_blessing == f"here/model_blessing/{number}"
    assert found.evaluation == f"here/evaluation/{number}"
    assert found.events_statistics == f"here/events_statistics/{number}"
    assert found.erase.item_ids == (f"erased {number}",)


@pytest.mark.parametrize(("name", "version"), [("chain", "103"), ("other", "101")])
def test_a_push_that_is_not_there_is_told(path: str, name: str, version: str) -> None:
    with pytest.raises(InputError, match="knows of no push"):
        read_pushed_model(path, name, version, str)


def test_a_run_without_metadata_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="whole run directory"):
        read_pushed_model(str(tmp_path / "metadata.sqlite"), "chain", "101", str)
    assert not list(tmp_path.iterdir())
