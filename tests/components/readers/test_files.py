"""Lookup of files by paths, globs and folders."""

import re
from pathlib import Path

import pytest

from components.readers.files import find_files
from components.readers.fingerprint import fingerprint
from schemas.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.csv", "_SUCCESS", ".hidden", "nested/c.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "empty.csv").touch()
    return tmp_path


def names(path: str | tuple[str, ...]) -> list[str]:
    return [Path(file.path).name for file in find_files(path)]


def test_file_glob_directory_and_list(folder: Path) -> None:
    assert names(f"{folder}/b.csv") == ["b.csv"]
    assert names(f"{folder}/*.csv") == ["a.csv", "b.csv"]
    assert names(str(folder)) == names(f"{folder}/") == ["a.csv", "b.csv"]
    assert names(f"{folder.parent}/{folder.name[:-1]}?/") == ["a.csv", "b.csv"]
    assert names((f"{folder}/nested", f"{folder}/b.csv", f"{folder}/?.csv")) == [
        "a.csv",
        "b.csv",
        "c.csv",
    ]


@pytest.mark.parametrize("name", ["no.csv", "no-*.csv", "empty.csv"])
def test_path_without_data_is_named(folder: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        fingerprint(f"{folder}/{name}")
    assert f"{folder}/{name}" in str(caught.value)


def test_unknown_compression_is_rejected(folder: Path) -> None:
    (folder / "log.jsonl.xz").write_text("x")
    with pytest.raises(InputError, match=r"log\.jsonl\.xz.*\.gz, \.bz2, \.zst"):
        find_files(f"{folder}/log.jsonl.xz")


def test_unreadable_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reject(path: str, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("components.readers.open_input.FileSystems.open", reject)
    with pytest.raises(InputError, match=r"a\.csv cannot be read.*permissions"):
        fingerprint(f"{folder}/a.csv")


@pytest.mark.parametrize("path", ["", "/", "/*"])
def test_folder_of_folders_has_a_hint(tmp_path: Path, path: str) -> None:
    (tmp_path / "logs/day").mkdir(parents=True)
    (tmp_path / "logs/day/a.csv").write_text("a")
    with pytest.raises(InputError, match=r"files are in subfolders: write (\S+/logs/\*\*);"):
        find_files(f"{tmp_path}/logs{path}")
    assert names(f"{tmp_path}/logs/**") == ["a.csv"]


def test_brackets_in_a_name_have_a_hint(tmp_path: Path) -> None:
    path = f"{tmp_path}/log[1].csv"
    with pytest.raises(InputError, match=r"brackets are wildcards, \[ab\] matches a or b; "):
        find_files(path)
    Path(path).write_text("a")
    with pytest.raises(InputError, match=r"exactly this name exists: write (\S+);") as caught:
        find_files(path)
    (written,) = re.findall(r"exists: write (\S+);", str(caught.value))
    assert names(written) == ["log[1].csv"]
