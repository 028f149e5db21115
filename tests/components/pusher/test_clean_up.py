"""Every publishing command removes what an interrupted one left, and nothing else."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.pusher.clean_up import clean_up
from components.pusher.label_versions import label_versions
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.rollback import rollback
from tests.components.pusher.bundles import Destination
from tests.components.pusher.state import leftovers, visible_contents

COMMANDS: dict[str, Callable[[Destination], object]] = {
    "push": lambda destination: destination.publish("c"),
    "push of the same content": lambda destination: destination.publish("b"),
    "unavailable": lambda destination: mark_unavailable(*destination.folders, ["a"], 5),
    "rollback": lambda destination: rollback(*destination.folders),
    "label": lambda destination: label_versions(*destination.folders, {}, ()),
}


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    destination = Destination(tmp_path)
    for content in "ab":
        destination.publish(content)
    return destination


def leave_everything(destination: Destination) -> None:
    """Leaves what a command can leave that was killed, at any of its instants."""
    served, twin = (Path(folder) / destination.visible()[0][0] for folder in destination.folders)
    number = int(served.name)
    for folder in (destination.serving, destination.portable):
        (folder / f".incoming-{number + 50}/variables").mkdir(parents=True)
        (folder / f".removed-{number + 51}/variables").mkdir(parents=True)
        (folder / ".models.config.incoming").write_text("model_config")
    (destination.serving / f".label-canary-{number + 52}").touch()
    (served / "assets/unavailable_items.txt.incoming").write_text("# items")
    # Before the rename of the served model.
    shutil.copytree(twin, destination.portable / str(number + 53))
    # Before `saved_model.pb` on an object store.
    shutil.copytree(served, destination.serving / str(number + 54))
    (destination.serving / str(number + 54) / "saved_model.pb").unlink()
    # A removal in place, as earlier releases did it: without manifest, but with a twin.
    shutil.copytree(served, destination.serving / str(number + 55))
    shutil.copytree(twin, destination.portable / str(number + 55))
    for file in ("saved_model.pb", "assets.extra/manifest.json"):
        (destination.serving / str(number + 55) / file).unlink()
    shutil.rmtree(destination.serving / str(number + 55) / "assets.extra")
    # The same, with only empty folders left.
    (destination.serving / str(number + 56) / "variables").mkdir(parents=True)
    # A rollback before the twin was hidden, and a removed withdrawn version before its twin.
    shutil.copytree(served, destination.serving / f".rolled-back-{number + 57}")
    shutil.copytree(twin, destination.portable / str(number + 57))
    shutil.copytree(twin, destination.portable / f".rolled-back-{number + 58}")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_cleans_up_first(destination: Destination, command: str) -> None:
    before = set(visible_contents(destination))
    leave_everything(destination)

    COMMANDS[command](destination)

    assert leftovers(destination) == []
    assert visible_contents(destination).keys() & before
    number = min(before)
    assert (destination.portable / f".rolled-back-{number + 57}").exists()


def test_a_clean_destination_is_not_changed(destination: Destination) -> None:
    before = destination.files()
    clean_up(*destination.folders)
    assert destination.files() == before


def foreign_folders(destination: Destination) -> list[Path]:
    """Makes folders that another program could have made."""
    paths = [
        destination.serving / "7/saved_model.pb",
        destination.serving / "99999999999/variables/variables.index",  # a copy in progress
        destination.portable / "8/notes.txt",
        destination.portable / "9/saved_model.pb",
        destination.portable / ".rolled-back-5/notes.txt",
        destination.serving / "notes/readme.txt",
        destination.serving / ".incoming/file",
    ]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("not ours")
    return paths


def test_folders_of_others_remain_and_are_reported(
    destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    paths = foreign_folders(destination)

    newest = destination.publish("c", keep_versions=1).version

    assert all(path.read_text() == "not ours" for path in paths)
    assert int(newest) > 99999999999
    for folder in ("99999999999", "8", ".rolled-back-5"):
        assert f"{folder} contains no SavedModel and was not made by this pipeline" in caplog.text
