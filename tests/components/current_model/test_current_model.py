"""CurrentModel tells what serves: none, the only version, or the newest of several."""

import shutil
from pathlib import Path

import pytest

from components import artifacts
from components.current_model.component import CurrentModel
from components.current_model.executor import Executor
from components.current_model.find import find_current
from components.current_model.read import (
    CURRENT_FILE,
    CurrentModelState,
    read_current,
    write_current,
)
from components.pusher.rollback import rollback
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def find(destination: Destination) -> CurrentModelState:
    return find_current(str(destination.serving), str(destination.exact))


def test_before_the_first_push_there_is_none(destination) -> None:
    assert find(destination) == CurrentModelState()
    assert find(destination).version is None


def test_an_empty_folder_is_none(destination) -> None:
    destination.serving.mkdir(parents=True)
    assert find(destination) == CurrentModelState()


def test_one_version(destination) -> None:
    published = destination.publish()
    state = find(destination)
    assert state == CurrentModelState(
        version=published.version,
        serving_path=published.serving_path,
        exact_path=published.exact_path,
        metrics={"recall@10": 0.25},
        statistics_path=f"{published.serving_path}/assets.extra/statistics/FeatureStats.pb",
    )
    assert Path(state.statistics_path).read_bytes() == b"statistics"


def test_of_two_versions_the_newest_until_it_is_rolled_back(destination) -> None:
    old, new = destination.publish("a"), destination.publish("b")
    assert find(destination).version == new.version
    rollback(str(destination.serving), str(destination.exact))
    assert find(destination).version == old.version


def test_newest_is_by_number_and_not_by_text(destination) -> None:
    published = destination.publish()
    for folder, path in (
        (destination.serving, published.serving_path),
        (destination.exact, published.exact_path),
    ):
        shutil.copytree(path, folder / "9")
    assert find(destination).version == published.version


def test_hidden_and_unfinished_folders_are_not_versions(destination) -> None:
    published = destination.publish()
    (destination.serving / ".incoming-99999999999").mkdir()
    (destination.serving / "99999999999").mkdir()
    (destination.serving / "notes").mkdir()
    assert find(destination).version == published.version


def test_a_newest_version_of_another_publisher_is_an_error(destination) -> None:
    destination.publish()
    foreign = destination.serving / "99999999999"
    foreign.mkdir()
    (foreign / "saved_model.pb").write_text("not ours")
    with pytest.raises(InputError, match=r"99999999999 has no .*move that version elsewhere"):
        find(destination)


def test_a_missing_twin_is_an_error(destination) -> None:
    published = destination.publish()
    shutil.rmtree(published.exact_path)
    with pytest.raises(InputError, match=f"its twin {published.exact_path} is missing"):
        find(destination)


@pytest.mark.parametrize(
    "state",
    [
        CurrentModelState(),
        CurrentModelState("7", "s/7", "e/7", {"mrr": 0.1}, "s/7/FeatureStats.pb"),
    ],
)
def test_round_trip(tmp_path, state) -> None:
    write_current(str(tmp_path), state)
    assert read_current(str(tmp_path)) == state


def test_reading_what_is_not_there_says_so(tmp_path) -> None:
    with pytest.raises(InputError, match=r"current\.json does not exist"):
        read_current(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", '{"versions": 1}'])
def test_reading_what_is_no_state_says_so(tmp_path, text) -> None:
    (tmp_path / CURRENT_FILE).write_text(text)
    with pytest.raises(InputError, match="does not hold a current model"):
        read_current(str(tmp_path))


def test_the_executor_writes_what_the_reader_reads(destination, tmp_path) -> None:
    published = destination.publish()
    current = artifacts.CurrentModelInfo()
    current.uri = str(tmp_path / "current")
    properties = {"serving_dir": str(destination.serving), "exact_dir": str(destination.exact)}
    Executor().Do({}, {"current": [current]}, {**properties, "code_version": "c", "launch": "1"})
    assert read_current(current.uri) == find(destination)
    assert current.get_string_custom_property("version") == published.version


def test_the_component_gives_its_channel() -> None:
    component = CurrentModel("serving/demo", "serving_exact/demo", "c0", "1")
    assert component.outputs["current"].type is artifacts.CurrentModelInfo
