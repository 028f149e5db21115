"""The output folder of an ingestion replaces only a folder that an ingestion wrote."""

from pathlib import Path

import pytest

from pipeline.commands.ingest import run_ingestion
from pipeline.commands.ingest_output import MARKER, atomic_replacement
from schemas.errors import InputError
from schemas.settings import Settings, from_dict


def write(folder: Path, name: str) -> None:
    with atomic_replacement(str(folder)) as new:
        (Path(new) / name).write_text(name)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_earlier_ingestion_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "ingest"
    write(folder, "first")
    assert names(folder) == {MARKER, "first"}
    write(folder, "second")
    assert names(folder) == {MARKER, "second"}
    assert names(tmp_path / "run") == {"ingest"}


def test_an_error_keeps_the_earlier_ingestion(tmp_path: Path) -> None:
    folder = tmp_path / "ingest"
    write(folder, "first")

    def fail_halfway() -> None:
        with atomic_replacement(str(folder)) as new:
            (Path(new) / "half").write_text("")
            raise InputError("typo")

    with pytest.raises(InputError, match="typo"):
        fail_halfway()
    assert names(folder) == {MARKER, "first"}
    assert names(tmp_path) == {"ingest"}


def test_an_empty_folder_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "ingest").mkdir()
    write(tmp_path / "ingest", "first")
    assert names(tmp_path / "ingest") == {MARKER, "first"}


def test_files_that_appear_meanwhile_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "ingest"

    def create_folder_meanwhile() -> None:
        with atomic_replacement(str(folder)):
            folder.mkdir()
            (folder / "mine").write_text("")

    with pytest.raises(InputError, match="`twotower ingest` did not write"):
        create_folder_meanwhile()
    assert names(folder) == {"mine"}


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "ingest").symlink_to(tmp_path / "disk")
    write(tmp_path / "ingest", "first")
    assert (tmp_path / "ingest").is_symlink()
    assert names(tmp_path / "disk") == {MARKER, "first"}


def settings(output: Path) -> Settings:
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    log = {"path": str(output / "absent.jsonl"), "format": "jsonl", "fields": fields}
    return from_dict(Settings, {"name": "shop", "output": str(output), "interactions": log})


@pytest.mark.parametrize("is_file", [False, True])
def test_files_of_the_user_are_kept(tmp_path: Path, is_file: bool) -> None:
    mine = tmp_path / "ingest" if is_file else tmp_path / "ingest" / "mine.py"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match=r"/ingest: .*choose another `output:`, or move it"):
        run_ingestion(settings(tmp_path))
    assert mine.read_text() == "mine"
    assert names(tmp_path) == {"ingest"}


def test_an_invalid_path_keeps_the_earlier_ingestion(tmp_path: Path) -> None:
    write(tmp_path / "ingest", "first")
    with pytest.raises(InputError, match=r"no file matches"):
        run_ingestion(settings(tmp_path))
    assert names(tmp_path / "ingest") == {MARKER, "first"}
