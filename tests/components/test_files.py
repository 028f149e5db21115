"""File operations do the same on local paths and, through TensorFlow, on those with a scheme."""

from collections.abc import Callable
from pathlib import Path

import pytest

from components import files

# TensorFlow's scheme of local files, which takes the way of remote ones.
SCHEMES = ("", "file://")


@pytest.fixture(params=SCHEMES)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., str]:
    """Returns the path of names in a temporary folder."""

    def path(*names: str) -> str:
        return request.param + str(tmp_path.joinpath(*names))

    return path


def test_written_files_are_found_and_read(at: Callable[..., str], tmp_path: Path) -> None:
    files.make_folder(at("a", "b"))
    files.make_folder(at("a", "b"))
    files.write_text(at("a", "b", "text"), "ü\r\n")
    files.write_bytes(at("a", "bytes"), b"long content")
    files.write_bytes(at("a", "bytes"), b"\xff\x00")

    assert (tmp_path / "a" / "b" / "text").read_bytes() == "ü\r\n".encode()
    assert files.read_text(at("a", "b", "text")) == "ü\r\n"
    assert files.read_bytes(at("a", "bytes")) == b"\xff\x00"
    assert files.size_bytes(at("a", "bytes")) == 2
    with files.open_to_read(at("a", "bytes")) as file:
        assert [file.read(1), file.read()] == [b"\xff", b"\x00"]
    assert files.names_in(at("a")) == ["b", "bytes"]
    assert files.files_below(at("a")) == ["b/text", "bytes"]
    assert files.files_below(at("a") + "/") == ["b/text", "bytes"]


def test_existence(at: Callable[..., str]) -> None:
    files.write_text(at("file"), "")
    files.make_folder(at("folder"))

    assert [files.exists(at(name)) for name in ("file", "folder", "none")] == [True, True, False]
    assert [files.is_folder(at(name)) for name in ("file", "folder", "none")] == [
        False,
        True,
        False,
    ]
    assert files.names_in(at("folder")) == files.names_in(at("none")) == []


def test_copies_and_replacements_overwrite(at: Callable[..., str]) -> None:
    files.write_text(at("new"), "new")
    files.write_text(at("copied"), "a longer text")
    files.write_text(at("replaced"), "a longer text")

    files.copy_file(at("new"), at("copied"))
    files.replace(at("new"), at("replaced"))

    assert files.read_text(at("copied")) == files.read_text(at("replaced")) == "new"
    assert files.names_in(at()) == ["copied", "replaced"]


def test_a_rename_does_not_overwrite(at: Callable[..., str]) -> None:
    files.make_folder(at("folder"))
    files.write_text(at("folder", "file"), "kept")
    files.make_folder(at("empty"))

    with pytest.raises(FileExistsError, match="empty, which already exists"):
        files.rename(at("folder"), at("empty"))
    files.rename(at("folder"), at("renamed"))

    assert files.names_in(at()) == ["empty", "renamed"]
    assert files.read_text(at("renamed", "file")) == "kept"


def test_removal(at: Callable[..., str]) -> None:
    files.make_folder(at("folder", "inner"))
    files.write_text(at("folder", "inner", "file"), "")
    files.write_text(at("file"), "")

    files.remove_folder(at("folder"))
    files.remove_file(at("file"))

    assert files.names_in(at()) == []


def test_errors_are_os_errors(at: Callable[..., str]) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_bytes(at("none"))
    with pytest.raises(FileNotFoundError):
        files.write_text(at("none", "file"), "")
    with pytest.raises(FileNotFoundError):
        files.remove_folder(at("none"))
    with pytest.raises(OSError, match="none"):
        files.copy_file(at("none"), at("copied"))


def test_an_unknown_scheme_is_an_os_error() -> None:
    with pytest.raises(OSError, match="absent"):
        files.read_bytes("absent://bucket/file")
