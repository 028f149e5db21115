"""DataGate reads artifact folders and writes the results of the gates, passed or rejected."""

from contextlib import nullcontext
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
from components.current_model.state import CurrentModelState, write_current_model
from components.data_gate.component import DataGateSpec
from components.data_gate.executor import Executor
from components.fragment import read_fragment, write_fragment
from components.gate import GateRejectedError
from components.served_reference import ServedReference, write_reference
from schemas.data_settings import ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.privacy_settings import RejectsSettings
from schemas.serving_settings import PushSettings
from schemas.settings import DataSettings, from_dict, to_json
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN
from tests.components.data_gate.statistics import statistics_of
from tests.examples import write_split

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
ITEMS = from_dict(ItemsSettings, {"path": "items.csv", "format": "csv", "fields": {"item_id": "i"}})
EVENTS: list[dict[str, list[Any]]] = [
    {
        "user_id": [user],
        "item_id": ["i"],
        "timestamp": [0],
        "event_type": [""],
        "value": [float("nan")],
        "device": [device],
    }
    for user, device in (("ann", "tv"), ("bob", "phone"))
]
Artifacts = dict[str, list[types.Artifact]]


def artifact(cls: type[types.Artifact], folder: Path) -> types.Artifact:
    created = cls()
    created.uri = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return created


def context(folder: Path) -> base_executor.BaseExecutor.Context:
    return base_executor.BaseExecutor.Context(tmp_dir=str(folder), unique_id="1")


@pytest.fixture
def inputs(tmp_path: Path) -> Artifacts:
    """Artifacts of a first run on valid data, with the schemas that ConfigSchema writes."""
    names = ("windows_schema", "events_schema", "catalogue_schema")
    schemas = {n: [artifact(standard_artifacts.Schema, tmp_path / n)] for n in names}
    properties: dict[str, Any] = {"data": to_json(DATA), "curated": "", "code_version": "1"}
    ConfigSchemaExecutor(context(tmp_path)).Do({}, schemas, properties)

    statistics = artifact(standard_artifacts.ExampleStatistics, tmp_path / "events_statistics")
    write(statistics, "events", "FeatureStats.pb", statistics_of(device=["tv", "phone"]))
    artifacts: Artifacts = {
        "events_schema": schemas["events_schema"],
        "catalogue_schema": schemas["catalogue_schema"],
        "events_statistics": [statistics],
        "events": [artifact(standard_artifacts.Examples, tmp_path / "events")],
        "catalogue": [artifact(standard_artifacts.Examples, tmp_path / "catalogue")],
    }
    write_split(artifacts["events"][0].uri, "events", EVENTS)
    write_split(artifacts["catalogue"][0].uri, "catalogue", [])
    for split in ("events", "catalogue"):
        anomalies = artifact(standard_artifacts.ExampleAnomalies, tmp_path / f"{split}_anomalies")
        write(anomalies, split, "SchemaDiff.pb", anomalies_pb2.Anomalies())
        artifacts[f"{split}_anomalies"] = [anomalies]
    for name in ("interaction_rejects", "catalogue_rejects"):
        rejects = artifact(Rejects, tmp_path / name)
        write_fragment(
            rejects.uri,
            INTERACTION_EXAMPLE_GEN,
            {"read": 10, "kept": 10, "rejects": {}, "items": 10},
        )
        artifacts[name] = [rejects]
    current = artifact(CurrentModelInfo, tmp_path / "current")
    write_current_model(current.uri, CurrentModelState())
    return artifacts | {"current": [current]}


def write(target: types.Artifact, split: str, name: str, message: Any) -> None:
    folder = Path(target.uri) / f"Split-{split}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(message.SerializeToString())


def run(inputs: Artifacts, folder: Path, data: DataSettings = DATA) -> list[dict[str, Any]]:
    """Runs the executor and returns the gates in the fragment that it writes."""
    verdict = artifact(DataVerdict, folder / "verdict")
    properties = {
        "data": to_json(data),
        "push": to_json(PushSettings()),
        "code_version": "1",
        "launch": "1",
    }
    Executor(context(folder)).Do(inputs, {"verdict": [verdict]}, properties)
    return gates_in(folder)


def gates_in(folder: Path) -> list[dict[str, Any]]:
    fragment = read_fragment(str(folder / "verdict"))
    assert fragment is not None
    gates: list[dict[str, Any]] = fragment["gates"]
    return gates


def test_a_first_run_on_valid_data_passes(inputs: Artifacts, tmp_path: Path) -> None:
    gates = run(inputs, tmp_path)
    assert [gate["name"] for gate in gates] == [
        "data.interaction_reject_fraction",
        "data.catalogue_reject_fraction",
        "data.catalogue_size",
        "data.events_anomalies",
        "data.drift",
        "data.catalogue_anomalies",
    ]
    assert all(gate["passed"] for gate in gates)


def test_a_rejection_lists_every_rejecting_gate_and_the_results_are_written(
    inputs: Artifacts, tmp_path: Path
) -> None:
    write_fragment(
        inputs["interaction_rejects"][0].uri,
        INTERACTION_EXAMPLE_GEN,
        {"read": 10, "rejects": {"duplicate": 9}},
    )
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["device"].short_description = "Strange"
    write(inputs["events_anomalies"][0], "events", "SchemaDiff.pb", anomalies)
    serve_statistics_of(inputs, tmp_path, ["web"])

    failing = {"data.interaction_reject_fraction", "data.events_anomalies", "data.drift"}
    with pytest.raises(GateRejectedError) as rejection:
        run(inputs, tmp_path)
    assert {gate.name for gate in rejection.value.failed} == failing
    assert all(name in str(rejection.value) for name in failing)
    assert {gate["name"] for gate in gates_in(tmp_path) if not gate["passed"]} == failing


def serve_statistics_of(inputs: Artifacts, folder: Path, devices: list[str]) -> None:
    reference = folder / "FeatureStats.pb"
    reference.write_bytes(statistics_of(device=devices).SerializeToString())
    state = replace(CurrentModelState(), version="3", statistics_path=str(reference))
    write_current_model(inputs["current"][0].uri, state)


@pytest.mark.parametrize("raw", [True, False])
def test_drift_lists_events_unless_raw_records_are_off(
    inputs: Artifacts, tmp_path: Path, raw: bool
) -> None:
    serve_statistics_of(inputs, tmp_path, ["phone"] * 9 + ["tv"])
    data = replace(DATA, rejects=RejectsSettings(raw=raw))
    with pytest.raises(GateRejectedError) as rejection:
        run(inputs, tmp_path, data)
    assert '"phone" 90.0% → 50.0%, "tv" 10.0% → 50.0%' in str(rejection.value)
    assert ('{"device": "tv", "user_id": "ann", "item_id": "i"' in str(rejection.value)) == raw


@pytest.mark.parametrize(("limit", "passed"), [(0.5, True), (0.0, False)])
def test_a_reject_reason_of_the_users_file_may_have_its_own_limit(
    inputs: Artifacts, tmp_path: Path, limit: float, passed: bool
) -> None:
    users_file = {"read": 8, "kept": 4, "rejects": {"duplicate": 4}}
    counts = {"read": 10, "kept": 10, "rejects": {}, "users_file": users_file}
    write_fragment(inputs["interaction_rejects"][0].uri, INTERACTION_EXAMPLE_GEN, counts)
    with nullcontext() if passed else pytest.raises(GateRejectedError, match="4 of 8 records"):
        run(inputs, tmp_path, with_users(0.0, {"duplicate": limit}))
    gates = [gate for gate in gates_in(tmp_path) if gate["name"].startswith("data.user_reject")]
    assert [(gate["passed"], gate["value"]) for gate in gates] == [(True, 0.0), (passed, 4 / 8)]


def with_users(
    max_reject_fraction: float, reject_limits: dict[str, float] | None = None
) -> DataSettings:
    users = {"path": "users.csv", "format": "csv", "fields": {"user_id": "u"}}
    limits = {"max_reject_fraction": max_reject_fraction, "reject_limits": reject_limits or {}}
    limited = from_dict(UsersSettings, users | limits)
    return replace(DATA, users=limited)


@pytest.mark.parametrize(("limit", "passed"), [(2 / 8, True), (1 / 8, False)])
def test_the_users_file_has_its_own_gate(
    inputs: Artifacts, tmp_path: Path, limit: float, passed: bool
) -> None:
    users_file = {"read": 8, "kept": 6, "rejects": {"unparseable": 2}}
    counts = {"read": 10, "kept": 10, "rejects": {}, "users_file": users_file}
    write_fragment(inputs["interaction_rejects"][0].uri, INTERACTION_EXAMPLE_GEN, counts)
    remedy = r"users\.max_reject_fraction"
    with nullcontext() if passed else pytest.raises(GateRejectedError, match=remedy):
        run(inputs, tmp_path, with_users(limit))
    (gate,) = [g for g in gates_in(tmp_path) if g["name"] == "data.user_reject_fraction"]
    assert (gate["passed"], gate["value"], gate["threshold"]) == (passed, 2 / 8, limit)


def test_a_users_file_without_counts_raises_an_input_error(
    inputs: Artifacts, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no counts of the users file"):
        run(inputs, tmp_path, with_users(0.1))


def test_without_events_only_the_catalogue_is_checked(inputs: Artifacts, tmp_path: Path) -> None:
    items = {"path": "items.csv", "format": "csv", "fields": {"item_id": "i"}}
    data = replace(DATA, items=from_dict(ItemsSettings, items | {"max_reject_fraction": 0.2}))
    catalogue = {
        name: value
        for name, value in inputs.items()
        if name.startswith("catalogue") or name == "current"
    }

    gates = run(catalogue, tmp_path, data)

    names = [
        "data.catalogue_reject_fraction",
        "data.catalogue_size",
        "data.catalogue_ids",
        "data.catalogue_anomalies",
    ]
    assert [(gate["name"], gate["passed"]) for gate in gates] == [(name, True) for name in names]
    write_fragment(
        catalogue["catalogue_rejects"][0].uri,
        CATALOGUE_EXAMPLE_GEN,
        {"read": 10, "kept": 7, "rejects": {"duplicate": 3}, "items": 7},
    )
    with pytest.raises(GateRejectedError, match="duplicate 3"):
        run(catalogue, tmp_path, data)


@pytest.mark.parametrize("only_catalogue", [True, False])
def test_a_catalogue_much_smaller_than_the_served_one_is_rejected(
    inputs: Artifacts, tmp_path: Path, only_catalogue: bool
) -> None:
    """Also of a re-index, which has no events."""
    if only_catalogue:
        names = {name for name in inputs if name.startswith("catalogue")} | {"current"}
        inputs = {name: value for name, value in inputs.items() if name in names}
    state = replace(CurrentModelState(), version="3", num_items=21)
    write_current_model(inputs["current"][0].uri, state)

    with pytest.raises(GateRejectedError, match=r"10 items, 0\.4762 of the 21 items of version 3"):
        run(inputs, tmp_path)


@pytest.mark.parametrize(
    ("settings", "num_listed_served", "passed"),
    [(ITEMS, 10, False), (ITEMS, 6, True), (ITEMS, None, True), (None, 10, True)],
)
def test_a_truncated_items_file_that_the_log_refills_is_rejected(
    inputs: Artifacts,
    tmp_path: Path,
    settings: ItemsSettings | None,
    num_listed_served: int | None,
    passed: bool,
) -> None:
    """All catalogues have ten items, of which three are in the items files."""
    state = CurrentModelState(version="3", num_items=10, num_listed_items=num_listed_served)
    write_current_model(inputs["current"][0].uri, state)
    counts = {"read": 3, "kept": 3, "rejects": {}, "items": 10, "logged_only": 7}
    write_fragment(inputs["catalogue_rejects"][0].uri, CATALOGUE_EXAMPLE_GEN, counts)
    rejected = pytest.raises(GateRejectedError, match=r"3 items in the items files, 0\.3 of the 10")
    with nullcontext() if passed else rejected:
        run(inputs, tmp_path, replace(DATA, items=settings))


def test_a_reindex_with_other_ids_is_rejected(inputs: Artifacts, tmp_path: Path) -> None:
    """Both catalogues have as many items."""
    serving_path = str(tmp_path / "3")
    write_reference(serving_path, ServedReference("test", 10, {}, ("i1", "i2")))
    state = CurrentModelState(version="3", serving_path=serving_path, num_items=10)
    write_current_model(inputs["current"][0].uri, state)
    names = {name for name in inputs if name.startswith("catalogue")} | {"current"}
    catalogue = {name: value for name, value in inputs.items() if name in names}
    folder = inputs["catalogue"][0].uri

    write_split(folder, "catalogue", [{"item_id": ["i2"]}, {"item_id": ["i3"]}])
    assert all(gate["passed"] for gate in run(catalogue, tmp_path))

    write_split(folder, "catalogue", [{"item_id": ["item-1"]}, {"item_id": ["item-2"]}])
    with pytest.raises(GateRejectedError, match=r"0 of the 2 items of version 3.*such as 'i1'"):
        run(catalogue, tmp_path)


def test_the_inputs_of_the_component_are_those_that_the_gates_read(inputs: Artifacts) -> None:
    assert set(DataGateSpec.INPUTS) == set(inputs)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("events_anomalies", "Split-events/SchemaDiff.pb"),
        ("catalogue_anomalies", "Split-catalogue/SchemaDiff.pb"),
        ("events_statistics", "Split-events/FeatureStats.pb"),
        ("interaction_rejects", "fragment.json"),
    ],
)
def test_a_missing_file_raises_an_input_error(
    inputs: Artifacts, tmp_path: Path, name: str, file: str
) -> None:
    (Path(inputs[name][0].uri) / file).unlink()
    with pytest.raises(InputError, match=name):
        run(inputs, tmp_path)
