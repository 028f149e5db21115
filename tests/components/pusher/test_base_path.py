"""The base path of a container: it is set in both folders, and every command keeps it."""

from pathlib import Path

import pytest

from components.pusher.base_path import set_base_paths
from components.pusher.label_versions import label_versions
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.models_config import CONFIG_FILE, read_config, read_labels
from components.pusher.rollback import rollback
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination

BASE_PATH = "/models/demo"


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    destination = Destination(tmp_path)
    for content in "ab":
        destination.publish(content)
    return destination


def base_paths(destination: Destination) -> list[str]:
    configs = [read_config(folder) for folder in destination.folders]
    return [config.model_config_list.config[0].base_path for config in configs]


def test_the_path_and_nothing_else_changes(destination: Destination) -> None:
    labels = read_labels(destination.folders[0])
    serving, portable = map(str, destination.folders)

    assert set_base_paths(*destination.folders, BASE_PATH, BASE_PATH) == [portable, serving]
    assert base_paths(destination) == [BASE_PATH] * 2
    assert [read_labels(folder) for folder in destination.folders] == [labels] * 2
    assert set_base_paths(*destination.folders, BASE_PATH, BASE_PATH) == []


def test_pushes_rollbacks_and_labels_keep_the_path(destination: Destination) -> None:
    set_base_paths(*destination.folders, BASE_PATH, BASE_PATH)
    a, b = map(int, destination.visible()[0])

    c = int(destination.publish("c").version)
    assert read_labels(destination.folders[0]) == {"stable": c}
    label_versions(*destination.folders, {"canary": a}, ())
    rollback(*destination.folders, b)
    assert read_labels(destination.folders[0]) == {"stable": b, "canary": a}
    mark_unavailable(*destination.folders, ["x"], keep_versions=5)

    assert base_paths(destination) == [BASE_PATH] * 2


def test_versions_without_labels_get_them(destination: Destination) -> None:
    newest = int(destination.visible()[0][-1])
    for folder in (destination.serving, destination.portable):
        (folder / CONFIG_FILE).unlink()

    set_base_paths(*destination.folders, BASE_PATH, BASE_PATH)

    assert read_labels(destination.folders[1]) == {"stable": newest}
    assert base_paths(destination) == [BASE_PATH] * 2


def test_a_destination_without_a_version_is_not_created(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    with pytest.raises(InputError, match="contains no version to serve"):
        set_base_paths(*destination.folders, BASE_PATH, BASE_PATH)
    assert not destination.serving.exists()
