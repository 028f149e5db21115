import os
from pathlib import Path

import pytest

from components import files
from pipeline.serving.model_source import ModelSource, find_model
from schemas.bundle import SAVED_MODEL_FILE
from schemas.errors import InputError


def make_versions(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / SAVED_MODEL_FILE).touch()
    return folder


def test_a_folder_of_versions(tmp_path: Path) -> None:
    folder = make_versions(tmp_path / "shop", "10", "9", ".rolled-back-11")

    source = find_model(f"{folder}/")

    assert source == ModelSource("shop", str(folder))
    assert source.versions() == {9: str(folder / "9"), 10: str(folder / "10")}


def test_one_version(tmp_path: Path) -> None:
    folder = make_versions(tmp_path / "shop", "9", "10")

    source = find_model(str(folder / "9"))

    assert (source.name, source.versions()) == ("shop", {9: str(folder / "9")})
    assert source.labels() == {}


def test_a_model_without_a_number(tmp_path: Path) -> None:
    folder = make_versions(tmp_path, "scann")

    source = find_model(str(folder / "scann"))

    assert (source.name, source.versions()) == ("scann", {1: str(folder / "scann")})


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        find_model(str(tmp_path / "gone"))


def test_a_folder_without_a_complete_version_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    with pytest.raises(InputError, match="contains no complete version"):
        find_model(str(tmp_path))


def test_only_a_run_has_portable_twins(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--portable"):
        find_model(str(make_versions(tmp_path, "7")), portable=True)


def test_an_unreadable_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may read every folder, so that its mode would not matter.
    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert files.is_folder(str(tmp_path))
    with pytest.raises(InputError, match=r"cannot be read: .*Permission denied"):
        find_model(str(tmp_path))
