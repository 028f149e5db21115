"""Tests of the TFX executors of both example generators, from files to artifacts."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tfx.types import artifact_utils, standard_artifacts
from tfx.types.artifact import Artifact

from components.artifacts import Rejects
from components.catalogue_gen.component import CatalogueExampleGen
from components.catalogue_gen.executor import Executor as CatalogueExecutor
from components.example_gen.component import InteractionExampleGen
from components.example_gen.executor import Executor
from components.examples.read import read_raw_catalogue, read_raw_windows, read_users
from components.fragment import read_fragment
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict, to_json
from tests.chain_dataset import next_item, write_chain_dataset

NUM_USERS, NUM_ITEMS, EVENTS_PER_USER = 24, 30, 15


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataSettings, dict[str, Artifact]]:
    """Runs both components; returns the settings and all artifacts by key."""
    folder = tmp_path_factory.mktemp("world")
    data = from_dict(
        DataSettings, write_chain_dataset(folder, NUM_USERS, NUM_ITEMS, EVENTS_PER_USER)
    )
    with (folder / "log.jsonl").open("a") as file:
        file.write('{"user": "user-000", "item"\n')
    return data, run_executors(data, folder)


def run_executors(data: DataSettings, folder: Path) -> dict[str, Artifact]:
    """Runs both executors like a TFX launcher; returns all artifacts by key."""

    def new_artifact(artifact_type: type[Artifact], name: str) -> Artifact:
        artifact = artifact_type()
        artifact.uri = str(folder / name)
        return artifact

    properties = {"data": to_json(data), "code_version": "1", "fingerprint": "2"}
    catalogue = {
        "examples": new_artifact(standard_artifacts.Examples, "catalogue"),
        "rejects": new_artifact(Rejects, "catalogue_rejects"),
    }
    CatalogueExecutor().Do({}, {key: [value] for key, value in catalogue.items()}, properties)
    log = {
        key: new_artifact(standard_artifacts.Examples, key)
        for key in ("windows", "events", "users")
    } | {"rejects": new_artifact(Rejects, "rejects")}
    outputs = {key: [value] for key, value in log.items()}
    Executor().Do({"catalogue": [catalogue["examples"]]}, outputs, properties)
    return {"catalogue": catalogue["examples"], "catalogue_rejects": catalogue["rejects"], **log}


def test_artifacts_have_the_properties_that_tfx_reads(run: Any) -> None:
    _, artifacts = run
    for key, splits in (
        ("windows", ["train", "eval", "test", "past"]),
        ("events", ["events"]),
        ("users", ["users"]),
        ("catalogue", ["catalogue"]),
    ):
        assert artifact_utils.decode_split_names(artifacts[key].split_names) == splits
        assert artifacts[key].get_string_custom_property("payload_format") == "FORMAT_TF_EXAMPLE"


def test_every_kept_event_is_a_target_exactly_once(run: Any) -> None:
    data, artifacts = run
    table = feature_table(data)
    seen = []
    for split in ("train", "eval", "test"):
        windows = read_raw_windows(artifacts["windows"].uri, split, table)
        users = np.repeat(windows.user_id, np.diff(windows.offsets))
        targets = (users[windows.is_target], windows.timestamp[windows.is_target])
        seen += list(zip(*targets, strict=True))
    assert len(seen) == len(set(seen)) == NUM_USERS * EVENTS_PER_USER


def test_windows_are_in_order_of_time(run: Any) -> None:
    data, artifacts = run
    last_time = 0
    for split in ("train", "eval", "test"):
        windows = read_raw_windows(artifacts["windows"].uri, split, feature_table(data))
        for begin, end in pairwise(windows.offsets):
            items = [item.decode() for item in windows.item_id[begin:end]]
            assert items[1:] == [next_item(item, NUM_ITEMS) for item in items[:-1]]
            assert end - begin <= data.history.max_length + 1
            assert windows.is_target[end - 1]
        target_times = windows.timestamp[windows.is_target]
        assert target_times.min() > last_time
        last_time = target_times.max()


def test_windows_have_user_features_and_context(run: Any) -> None:
    data, artifacts = run
    windows = read_raw_windows(artifacts["windows"].uri, "train", feature_table(data))
    number = np.array([int(user.decode()[-3:]) for user in windows.user_id])
    np.testing.assert_array_equal(windows.user["age"], 20 + number)
    assert set(windows.user["segment"]) == {b"a", b"b"}
    assert set(windows.context["device"]) == {b"phone", b"web"}
    assert set(windows.event_type) == {b"view", b"purchase"}
    assert np.isfinite(windows.value).all()


def test_catalogue_and_users_are_complete(run: Any) -> None:
    data, artifacts = run
    table = feature_table(data)
    catalogue = read_raw_catalogue(artifacts["catalogue"].uri, table)
    assert len(set(catalogue.item_id)) == len(catalogue) == NUM_ITEMS
    row = list(catalogue.item_id).index(b"item-004")
    assert catalogue.features["title"][row] == b"the poetry of 4"
    assert catalogue.features["price"][row] == 5 + 4
    assert list(catalogue.features["genres"][row]) == [b"poetry", b""]
    assert len(read_users(artifacts["users"].uri, table)["user_id"]) == NUM_USERS


def test_fragments_and_properties_have_the_counts(run: Any) -> None:
    _, artifacts = run
    fragment = read_fragment(artifacts["rejects"].uri)
    assert fragment is not None
    assert fragment["component"] == "InteractionExampleGen"
    assert fragment["read"] == NUM_USERS * EVENTS_PER_USER + 1
    assert fragment["rejects"] == {"unparseable": 1}
    assert fragment["kept"] == fragment["read"] - 1
    assert fragment["first"] == "2023-11-14T22:13:20Z"
    assert artifacts["rejects"].get_int_custom_property("unparseable") == 1
    for split in ("train", "eval", "test"):
        counts = fragment["splits"][split]
        assert artifacts["windows"].get_int_custom_property(f"{split}_windows") == counts["windows"]
    catalogue = read_fragment(artifacts["catalogue_rejects"].uri)
    assert catalogue is not None
    assert (catalogue["items"], catalogue["logged_only"]) == (NUM_ITEMS, 0)


def test_rejects_have_file_line_reason_and_record(run: Any) -> None:
    data, artifacts = run
    path = Path(artifacts["rejects"].uri) / "rejects.jsonl.gz"
    with gzip.open(path, "rt") as file:
        (reject,) = [json.loads(line) for line in file]
    assert reject.pop("detail").startswith("not JSON")
    assert reject == {
        "file": data.interactions.path,
        "line": NUM_USERS * EVENTS_PER_USER + 1,
        "reason": "unparseable",
        "raw": '{"user": "user-000", "item"',
    }


def test_components_declare_their_inputs_and_outputs() -> None:
    catalogue = CatalogueExampleGen(data="{}", code_version="1", fingerprint="2")
    log = InteractionExampleGen(catalogue.outputs["examples"], "{}", "1", "2")
    assert set(catalogue.outputs) == {"examples", "rejects"}
    assert set(log.outputs) == {"windows", "events", "users", "rejects"}
    assert log.outputs["rejects"].type is Rejects
    assert log.exec_properties == {"data": "{}", "code_version": "1", "fingerprint": "2"}
