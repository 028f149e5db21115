"""A rollback withdraws the newer versions from both folders or from neither."""

from pathlib import Path

import pytest

from components import files
from components.pusher.manifest import read_manifest
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.rollback import rollback
from components.pusher.unavailable_lists import unavailable_path
from components.pusher.versions import version_dir
from components.unavailable_items import read_unavailable
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    destination = Destination(tmp_path)
    for content in "abc":
        destination.publish(content)
    return destination


def test_default_is_previous_version(destination: Destination) -> None:
    versions = destination.visible()[0]
    done = rollback(str(destination.serving), str(destination.portable))
    assert (done.version, done.withdrawn) == (versions[1], (versions[2],))
    assert destination.visible() == (versions[:2], versions[:2])


def test_rollback_to_given_version(destination: Destination) -> None:
    versions = destination.visible()[0]
    done = rollback(str(destination.serving), str(destination.portable), to=int(versions[0]))
    assert (done.version, done.withdrawn) == (versions[0], tuple(versions[1:]))
    assert destination.visible() == (versions[:1], versions[:1])


def test_withdrawn_version_can_be_restored(destination: Destination) -> None:
    folders = str(destination.serving), str(destination.portable)
    versions = destination.visible()[0]
    rollback(*folders, to=int(versions[0]))
    hidden = destination.serving / f".rolled-back-{versions[-1]}"
    assert (hidden / "saved_model.pb").read_text() == "scann c"
    mark_unavailable(*folders, ["sold out"], keep_versions=5)
    marked = destination.visible()[0][-1]

    done = rollback(*folders, to=int(versions[1]))

    assert (done.version, done.withdrawn) == (versions[1], (marked,))
    assert destination.visible() == (versions[:2], versions[:2])
    assert done.num_unavailable == 1
    restored = version_dir(str(destination.serving), int(done.version))
    assert read_manifest(restored).version_set == "python3.10"
    with pytest.raises(InputError, match=rf"withdrawn: {versions[2]}, {marked}"):
        rollback(*folders, to=12)


def test_default_skips_versions_of_the_same_model(destination: Destination) -> None:
    folders = str(destination.serving), str(destination.portable)
    versions = destination.visible()[0]
    marked = mark_unavailable(*folders, ["sold out"], keep_versions=5).version

    done = rollback(*folders)

    assert (done.version, done.withdrawn) == (versions[1], (versions[2], marked))


def test_existing_target_folder_is_reported(destination: Destination) -> None:
    mark_unavailable(str(destination.serving), str(destination.portable), ["sold out"], 5)
    before = destination.visible()
    foreign = destination.portable / f".rolled-back-{before[0][-1]}"
    foreign.mkdir()
    (foreign / "saved_model.pb").write_text("not ours")
    with pytest.raises(
        InputError,
        match=r"cannot move .*portable.* to .*portable.*\.rolled-back-.*, which already exists",
    ):
        rollback(str(destination.serving), str(destination.portable))
    assert destination.visible() == before
    older = unavailable_path(str(destination.serving / before[0][-2]))
    assert read_unavailable(older) == []


def test_rollback_to_served_version_changes_nothing(destination: Destination) -> None:
    before = destination.visible()
    done = rollback(str(destination.serving), str(destination.portable), to=int(before[0][-1]))
    assert done.withdrawn == ()
    assert destination.visible() == before


def test_failed_rollback_reverts_its_moves(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = destination.visible()
    real = files.rename

    def rename(source: str, target: str) -> None:
        if source.startswith(str(destination.portable)) and ".rolled-back" in target:
            raise OSError("permission denied")
        real(source, target)

    monkeypatch.setattr(files, "rename", rename)
    with pytest.raises(OSError, match="permission denied"):
        rollback(str(destination.serving), str(destination.portable), to=int(before[0][0]))
    assert destination.visible() == before


def test_unknown_version_error_lists_available_versions(destination: Destination) -> None:
    versions = destination.visible()[0]
    with pytest.raises(
        InputError, match=f"no version 12; available versions: {', '.join(versions)}"
    ):
        rollback(str(destination.serving), str(destination.portable), to=12)


def test_only_version_cannot_be_rolled_back(tmp_path: Path) -> None:
    destination = Destination(tmp_path)
    version = destination.publish().version
    with pytest.raises(
        InputError, match=rf"no other model to roll back to \(available versions: {version}\)"
    ):
        rollback(str(destination.serving), str(destination.portable))


def test_version_without_twin_is_rejected(destination: Destination) -> None:
    versions = destination.visible()[0]
    (destination.portable / versions[1] / "saved_model.pb").unlink()
    with pytest.raises(InputError, match="has no twin"):
        rollback(str(destination.serving), str(destination.portable))
    assert destination.visible()[0] == versions


def test_list_of_served_version_is_copied(destination: Destination) -> None:
    folders = str(destination.serving), str(destination.portable)
    mark_unavailable(*folders, ["sold out"], keep_versions=5)
    target = int(destination.visible()[0][0])
    assert rollback(*folders, to=target).num_unavailable == 1
    for folder in folders:
        path = unavailable_path(version_dir(folder, target))
        assert read_unavailable(path) == ["sold out"]
        assert not Path(f"{path}.incoming").exists()


def test_version_without_list_gets_no_list(destination: Destination) -> None:
    folders = str(destination.serving), str(destination.portable)
    mark_unavailable(*folders, ["sold out"], keep_versions=5)
    target = int(destination.visible()[0][0])
    path = Path(unavailable_path(version_dir(folders[0], target)))
    path.unlink()
    assert rollback(*folders, to=target).num_unavailable is None
    assert not path.exists()
