"""DataGate over artifact folders: the verdict is written whatever it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import standard_artifacts

from components.artifacts import CurrentModelInfo, DataVerdict, Rejects
from components.config_schema.executor import Executor as ConfigSchemaExecutor
from components.current_model.read import CurrentModelState, write_current
from components.data_gate.executor import Executor
from components.fragment import read_fragment, write_fragment
from components.gate import GateRefusal
from schemas.errors import InputError
from schemas.settings import DataSettings, from_dict, to_json
from tests.components.data_gate.statistics import statistics_of

DATA = from_dict(
    DataSettings,
    {
        "interactions": {
            "path": "log.csv",
            "format": "csv",
            "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
            "context": {"device": {"kind": "category"}},
            "max_reject_fraction": 0.1,
        }
    },
)
Artifacts = dict[str, list[types.Artifact]]


def artifact(cls: type[types.Artifact], folder: Path) -> types.Artifact:
    made = cls()
    made.uri = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return made


def context(folder: Path) -> base_executor.BaseExecutor.Context:
    return base_executor.BaseExecutor.Context(tmp_dir=str(folder), unique_id="1")


@pytest.fixture
def inputs(tmp_path: Path) -> Artifacts:
    """Artifacts of a first run on clean data, the schemas written by ConfigSchema itself."""
    names = ("windows_schema", "events_schema", "catalogue_schema")
    schemas = {n: [artifact(standard_artifacts.Schema, tmp_path / n)] for n in names}
    properties: dict[str, Any] = {"data": to_json(DATA), "curated": "", "code_version": "1"}
    ConfigSchemaExecutor(context(tmp_path)).Do({}, schemas, properties)

    made: Artifacts = {name: schemas[name] for name in names[1:]}
    for name, split in (("events", "events"), ("catalogue", "catalogue")):
        statistics = artifact(standard_artifacts.ExampleStatistics, tmp_path / f"{name}_statistics")
        write(statistics, split, "FeatureStats.pb", statistics_of(device=["tv", "phone"]))
        anomalies = artifact(standard_artifacts.ExampleAnomalies, tmp_path / f"{name}_anomalies")
        write(anomalies, split, "SchemaDiff.pb", anomalies_pb2.Anomalies())
        made |= {f"{name}_statistics": [statistics], f"{name}_anomalies": [anomalies]}
    for name in ("interaction_rejects", "catalogue_rejects"):
        rejects = artifact(Rejects, tmp_path / name)
        write_fragment(rejects.uri, {"read": 10, "kept": 10, "rejects": {}})
        made[name] = [rejects]
    current = artifact(CurrentModelInfo, tmp_path / "current")
    write_current(current.uri, CurrentModelState())
    return made | {"current": [current]}


def write(made: types.Artifact, split: str, name: str, message: Any) -> None:
    folder = Path(made.uri) / f"Split-{split}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(message.SerializeToString())


def run(inputs: Artifacts, folder: Path) -> list[dict[str, Any]]:
    """The gates in the fragment that was written."""
    verdict = artifact(DataVerdict, folder / "verdict")
    properties = {"data": to_json(DATA), "code_version": "1", "launch": "1"}
    Executor(context(folder)).Do(inputs, {"verdict": [verdict]}, properties)
    return gates_in(folder)


def gates_in(folder: Path) -> list[dict[str, Any]]:
    fragment = read_fragment(str(folder / "verdict"))
    assert fragment is not None
    return fragment["gates"]


def test_a_first_run_on_clean_data_passes(inputs: Artifacts, tmp_path: Path) -> None:
    gates = run(inputs, tmp_path)
    assert [gate["name"] for gate in gates] == [
        "data.interaction_reject_fraction",
        "data.catalogue_reject_fraction",
        "data.events_anomalies",
        "data.catalogue_anomalies",
        "data.drift",
    ]
    assert all(gate["passed"] for gate in gates)


def test_every_refusing_gate_is_named_and_the_verdict_is_written(
    inputs: Artifacts, tmp_path: Path
) -> None:
    write_fragment(inputs["interaction_rejects"][0].uri, {"read": 10, "rejects": {"duplicate": 9}})
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["device"].short_description = "Strange"
    write(inputs["events_anomalies"][0], "events", "SchemaDiff.pb", anomalies)
    reference = tmp_path / "FeatureStats.pb"
    reference.write_bytes(statistics_of(device=["web"]).SerializeToString())
    state = replace(CurrentModelState(), version="3", statistics_path=str(reference))
    write_current(inputs["current"][0].uri, state)

    failing = {"data.interaction_reject_fraction", "data.events_anomalies", "data.drift"}
    with pytest.raises(GateRefusal) as refusal:
        run(inputs, tmp_path)
    assert {gate.name for gate in refusal.value.failed} == failing
    assert all(name in str(refusal.value) for name in failing)
    assert {gate["name"] for gate in gates_in(tmp_path) if not gate["passed"]} == failing


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("events_anomalies", "Split-events/SchemaDiff.pb"),
        ("catalogue_anomalies", "Split-catalogue/SchemaDiff.pb"),
        ("events_statistics", "Split-events/FeatureStats.pb"),
        ("interaction_rejects", "fragment.json"),
    ],
)
def test_a_missing_file_is_never_a_pass(
    inputs: Artifacts, tmp_path: Path, name: str, file: str
) -> None:
    (Path(inputs[name][0].uri) / file).unlink()
    with pytest.raises(InputError, match=name):
        run(inputs, tmp_path)
