"""The files of the traffic log: complete when visible, rotated, private."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from components.readers.files import find_files
from pipeline.serving.traffic_files import FileSettings, TrafficFiles
from schemas.errors import InputError


class Clock:
    """A clock that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def names(folder: Path) -> tuple[list[str], list[str]]:
    """Returns the visible and the hidden names."""
    all_names = sorted(os.listdir(folder))
    visible = [name for name in all_names if not name.startswith(".")]
    return visible, [name for name in all_names if name.startswith(".")]


def test_a_file_is_visible_once_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "traffic"
    files = TrafficFiles(FileSettings(str(folder)))
    assert names(folder) == ([], [])
    assert files.seconds_left() is None

    files.write(b"one\n")
    files.write(b"two\n")
    visible, hidden = names(folder)
    assert (visible, len(hidden)) == ([], 1)
    assert hidden[0].endswith(".jsonl.open")

    files.close()
    files.close()
    (name,), hidden = names(folder)
    assert hidden == []
    assert (folder / name).read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("pattern", ["", "/*.jsonl", "/traffic-*.jsonl"])
def test_readers_do_not_see_the_file_that_is_being_written(tmp_path: Path, pattern: str) -> None:
    files = TrafficFiles(FileSettings(str(tmp_path)))
    files.write(b"complete\n")
    files.close()
    files.write(b"incomplete\n")

    (found,) = find_files(f"{tmp_path}{pattern}")

    assert Path(found.path).read_bytes() == b"complete\n"


def test_a_file_is_complete_after_its_time_or_at_its_size(tmp_path: Path) -> None:
    clock = Clock()
    files = TrafficFiles(FileSettings(str(tmp_path), max_bytes=10, max_s=60.0), clock)
    files.write(b"1234\n")
    clock.now_s = 59.0
    files.close_if_due()
    assert len(names(tmp_path)[0]) == 0
    assert files.seconds_left() == 1.0
    clock.now_s = 60.0
    files.close_if_due()
    assert len(names(tmp_path)[0]) == 1

    def add(line: bytes) -> None:
        files.close_if_due(len(line))
        files.write(line)

    add(b"1234\n")
    add(b"5678\n")
    assert len(names(tmp_path)[0]) == 1
    add(b"9\n")
    assert len(names(tmp_path)[0]) == 2
    # More than the maximum at once is written nevertheless.
    add(b"a long line of text\n")
    files.close()
    texts = sorted((tmp_path / name).read_bytes() for name in names(tmp_path)[0])
    assert texts == [b"1234\n", b"1234\n5678\n", b"9\n", b"a long line of text\n"]


def test_a_file_that_cannot_be_completed_is_named_and_another_one_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TrafficFiles(FileSettings(str(tmp_path)))
    files.write(b"first\n")

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match=r"keeps its hidden name.*\.jsonl\.open"):
            files.close()
    files.write(b"second\n")
    files.close()

    (visible,), (hidden,) = names(tmp_path)
    assert (tmp_path / visible).read_bytes() == b"second\n"
    assert (tmp_path / hidden).read_bytes() == b"first\n"


def test_files_of_several_servers_do_not_collide(tmp_path: Path) -> None:
    servers = [TrafficFiles(FileSettings(str(tmp_path))) for _ in range(20)]
    for server in servers:
        server.write(b"line\n")
    for server in servers:
        server.close()

    assert len(names(tmp_path)[0]) == 20


def test_lines_that_do_not_fit_on_the_disk_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TrafficFiles(FileSettings(str(tmp_path)))
    files.write(b"first\n")
    write, full = os.write, [True]

    def partly(descriptor: int, data: Any) -> int:
        if not full[0]:
            return write(descriptor, data)
        if len(data) < 4:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:3])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", partly)
        with pytest.raises(OSError, match="No space left"):
            files.write(b"second\n")
        full[0] = False
        files.write(b"third\n")
    files.close()

    (name,), _ = names(tmp_path)
    assert (tmp_path / name).read_bytes() == b"first\nthird\n"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(InputError, match=r"--traffic-log .*cannot be created"):
        TrafficFiles(FileSettings(str(tmp_path / "file" / "folder")))
    with pytest.raises(InputError, match="expected a local folder"):
        TrafficFiles(FileSettings("gs://bucket/traffic"))
