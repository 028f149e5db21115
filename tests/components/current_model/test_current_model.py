"""CurrentModel finds the served model: none, the only version, or the newest of several."""

import json
import shutil
from pathlib import Path

import pytest

from components import artifacts
from components.current_model.component import CurrentModel
from components.current_model.executor import Executor
from components.current_model.find import find_current_model
from components.current_model.state import (
    CURRENT_FILE,
    CurrentModelState,
    read_current_model,
    write_current_model,
)
from components.pusher.rollback import rollback
from schemas.bundle import MANIFEST_FILE
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def find(destination: Destination) -> CurrentModelState:
    return find_current_model(str(destination.serving), str(destination.portable))


def test_there_is_no_version_before_the_first_push(destination: Destination) -> None:
    assert find(destination) == CurrentModelState()
    assert find(destination).version is None


def test_there_is_no_version_in_an_empty_folder(destination: Destination) -> None:
    destination.serving.mkdir(parents=True)
    assert find(destination) == CurrentModelState()


def test_the_state_of_the_only_version(destination: Destination) -> None:
    published = destination.publish(id_rules=["case"])
    state = find(destination)
    assert state == CurrentModelState(
        version=published.version,
        serving_path=published.serving_path,
        portable_path=published.portable_path,
        metrics={"recall@10": 0.25},
        statistics_path=f"{published.serving_path}/assets.extra/statistics/FeatureStats.pb",
        towers_path=f"{published.portable_path}/assets.extra/proven_towers",
        train_end_s=1000,
        split_policy="temporal",
        id_rules=["case"],
        num_items=2,
    )
    assert state.statistics_path is not None
    assert Path(state.statistics_path).read_bytes() == b"statistics"


def test_a_version_of_an_older_release_is_compared_by_its_twin(destination: Destination) -> None:
    published = destination.publish()
    shutil.rmtree(f"{published.portable_path}/assets.extra/proven_towers")
    manifest_file = Path(published.serving_path) / MANIFEST_FILE
    manifest = json.loads(manifest_file.read_text())
    del manifest["train_end_s"], manifest["split_policy"], manifest["sizes"]
    manifest_file.write_text(json.dumps(manifest))

    state = find(destination)

    assert state.towers_path == published.portable_path
    assert (state.train_end_s, state.split_policy, state.num_items) == (None, None, None)


def test_the_newest_version_is_served_until_it_is_rolled_back(destination: Destination) -> None:
    old, new = destination.publish("a"), destination.publish("b")
    assert find(destination).version == new.version
    rollback(str(destination.serving), str(destination.portable))
    assert find(destination).version == old.version


def test_versions_are_compared_as_numbers_not_as_text(destination: Destination) -> None:
    published = destination.publish()
    for folder, path in (
        (destination.serving, published.serving_path),
        (destination.portable, published.portable_path),
    ):
        shutil.copytree(path, folder / "9")
    assert find(destination).version == published.version


def test_hidden_and_incomplete_folders_are_not_versions(destination: Destination) -> None:
    published = destination.publish()
    (destination.serving / ".incoming-99999999999").mkdir()
    (destination.serving / "99999999999").mkdir()
    (destination.serving / "notes").mkdir()
    assert find(destination).version == published.version


def test_a_newest_version_of_another_publisher_raises_an_input_error(
    destination: Destination,
) -> None:
    destination.publish()
    foreign = destination.serving / "99999999999"
    foreign.mkdir()
    (foreign / "saved_model.pb").write_text("not ours")
    with pytest.raises(InputError, match=r"99999999999 has no .*move that version elsewhere"):
        find(destination)


def test_a_missing_twin_raises_an_input_error(destination: Destination) -> None:
    published = destination.publish()
    shutil.rmtree(published.portable_path)
    with pytest.raises(InputError, match=f"its twin {published.portable_path} is missing"):
        find(destination)


@pytest.mark.parametrize(
    "state",
    [
        CurrentModelState(),
        CurrentModelState(
            "7",
            "s/7",
            "e/7",
            {"mrr": 0.1},
            "s/7/FeatureStats.pb",
            towers_path="t",
            train_end_s=5,
            split_policy="temporal",
            id_rules=["case"],
            num_items=9,
            num_listed_items=8,
        ),
    ],
)
def test_a_written_state_is_read_back(tmp_path: Path, state: CurrentModelState) -> None:
    write_current_model(str(tmp_path), state)
    assert read_current_model(str(tmp_path)) == state


def test_a_missing_file_raises_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"current\.json does not exist"):
        read_current_model(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", '{"versions": 1}'])
def test_a_file_without_a_state_raises_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / CURRENT_FILE).write_text(text)
    with pytest.raises(InputError, match="is not a valid model state"):
        read_current_model(str(tmp_path))


def test_the_executor_writes_the_state_that_is_read_back(
    destination: Destination, tmp_path: Path
) -> None:
    published = destination.publish()
    current = artifacts.CurrentModelInfo()
    current.uri = str(tmp_path / "current")
    properties = {
        "serving_dir": str(destination.serving),
        "portable_dir": str(destination.portable),
    }
    Executor().Do({}, {"current": [current]}, {**properties, "code_version": "c", "launch": "1"})
    assert read_current_model(current.uri) == find(destination)
    assert current.get_string_custom_property("version") == published.version


def test_the_component_has_an_output_channel_of_current_model_info() -> None:
    component = CurrentModel("serving/demo", "serving_portable/demo", "c0", "1")
    assert component.outputs["current"].type is artifacts.CurrentModelInfo
