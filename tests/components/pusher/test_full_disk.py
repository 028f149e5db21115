"""A disk that becomes full at any write of a push is an error that says what to do."""

import errno
from pathlib import Path

import pytest

from components import files
from components.pusher.full_disk import full_disk_is_input_error
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination
from tests.components.pusher.state import check_labels, leftovers, visible_contents


class Disk:
    """A disk that becomes full after some writes, in the middle of the next one.

    Attributes:
      num_free: Number of writes before the disk is full.
    """

    def __init__(self, root: Path, patch: pytest.MonkeyPatch):
        self.num_free = 10**9
        self._root = str(root)
        self._copy, self._make_folder = files.copy_file, files.make_folder
        patch.setattr(files, "copy_file", self.copy_file)
        patch.setattr(files, "write_bytes", self.write_bytes)
        patch.setattr(files, "make_folder", self.make_folder)

    def copy_file(self, source: str, target: str) -> None:
        self.write_bytes(target, Path(source).read_bytes())

    def write_bytes(self, path: str, content: bytes) -> None:
        Path(path).write_bytes(content if self.num_free else content[: len(content) // 2])
        self._count(path)

    def make_folder(self, path: str) -> None:
        if not Path(path).exists():
            self._count(path)
        self._make_folder(path)

    def _count(self, path: str) -> None:
        if not self.num_free:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        self.num_free -= 1


def test_a_push_to_a_full_disk_leaves_complete_versions_and_names_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = Destination(tmp_path)
    old = int(destination.publish("old").version)
    disk = Disk(tmp_path, monkeypatch)
    messages = []
    for num_free in range(100):
        disk.num_free = num_free
        try:
            new = destination.publish("new")
        except InputError as error:
            messages.append(str(error))
        else:
            break
        # The last writes are those of the labels, after the version has been installed.
        contents = visible_contents(destination)
        assert contents[old] == "old"
        assert set(contents.values()) <= {"old", "new"}
        assert check_labels(destination)["stable"] in contents

    assert len(messages) > 20
    for message in messages:
        assert "cannot be written: No space left on device" in message
        assert all(folder in message for folder in destination.folders)
        assert "Free space there, lower push.keep_versions" in message
    assert check_labels(destination)["stable"] == int(new.version)
    assert leftovers(destination) == []


def test_other_errors_remain() -> None:
    with pytest.raises(PermissionError), full_disk_is_input_error("serving", "portable"):
        raise PermissionError(errno.EACCES, "Permission denied", "serving/7")
