"""A command on an object store that fails between any two operations leaves complete versions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components import files
from components.pusher.label_versions import label_versions
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.models_config import config_path
from components.pusher.rollback import rollback
from components.pusher.versions import list_versions, taken_numbers
from tests.components.pusher.fake_store import FakeStore, RemoteDestination
from tests.components.pusher.state import (
    check_labels,
    check_num_loaded,
    leftovers,
    visible_contents,
)

Command = Callable[[RemoteDestination], object]


def publish(content: str, keep_versions: int = 5, label: str = "stable") -> Command:
    return lambda destination: destination.publish(content, keep_versions, label=label)


def remove_labels(destination: RemoteDestination) -> None:
    for folder in destination.folders:
        files.remove_file(config_path(folder))


def unavailable(destination: RemoteDestination) -> object:
    return mark_unavailable(*destination.folders, ["a"], keep_versions=5)


def roll_back(index: int) -> Command:
    """Returns a rollback to the version with an index among all versions of the store."""

    def command(destination: RemoteDestination) -> object:
        numbers = taken_numbers(destination.folders[0])
        return rollback(*destination.folders, to=sorted(numbers)[index])

    return command


def label(name: str, index: int) -> Command:
    """Returns a command that labels the version with an index."""

    def command(destination: RemoteDestination) -> object:
        version = list_versions(destination.folders[0])[index]
        return label_versions(*destination.folders, {name: version}, ())

    return command


THREE = [publish("a"), publish("b"), publish("c")]
SCENARIOS: dict[str, tuple[list[Command], Command]] = {
    "first push": ([], publish("a")),
    "push": ([publish("a")], publish("b")),
    "push that removes versions": (THREE, publish("d", keep_versions=1)),
    "push that removes a withdrawn version": (
        [*THREE, roll_back(1), publish("d")],
        publish("e", keep_versions=1),
    ),
    "push with a canary": ([*THREE, label("canary", 0)], publish("d", keep_versions=1)),
    "push of a canary": (THREE, publish("d", label="canary")),
    "push of a canary without labels": (
        [publish("a"), remove_labels],
        publish("b", label="canary"),
    ),
    "first push of a canary": ([], publish("a", label="canary")),
    "label": (THREE, label("canary", 1)),
    "list of unavailable items": (THREE, unavailable),
    "rollback": (THREE, roll_back(0)),
    "restored version": ([*THREE, roll_back(0)], roll_back(2)),
    "restored version below others": ([*THREE, roll_back(0), publish("d")], roll_back(1)),
}


@pytest.mark.parametrize("recovers", [False, True], ids=["dies", "recovers"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_served_versions_are_complete_after_a_failure_at_any_operation(
    tmp_path: Path, scenario: str, recovers: bool
) -> None:
    before, command = SCENARIOS[scenario]
    store = FakeStore()
    destination = RemoteDestination(tmp_path, store)

    def served() -> str | None:
        versions = visible_contents(destination)
        check_labels(destination)
        return versions[max(versions)] if versions else None

    with store.installed():
        for step in before:
            step(destination)
        objects, old = dict(store.objects), served()
        start = store.num_operations
        command(destination)
        check_num_loaded(destination)
        num_operations, new = store.num_operations - start, served()
        assert num_operations > 1

        for index in range(num_operations):
            store.objects, store.fails_at = dict(objects), store.num_operations + index
            store.recovers = recovers
            with pytest.raises(OSError, match="unavailable"):
                command(destination)
            assert served() in (old, new)

            store.fails_at = None
            if served() is not None:
                left = dict(store.objects)
                label_versions(*destination.folders, {}, ())  # Changes nothing but what was left.
                check_num_loaded(destination)
                store.objects = left
            last = destination.publish("last")
            assert served() == "last"
            check_num_loaded(destination)
            labels, contents = check_labels(destination), visible_contents(destination)
            assert labels["stable"] == int(last.version)
            if "of a canary" in scenario and new in contents.values():
                assert contents[labels["canary"]] == new
            assert leftovers(destination) == []
