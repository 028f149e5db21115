"""Only files of an earlier call are replaced."""

from pathlib import Path

import pytest

from pipeline.serving.tf_serving.folder import check_folder, write_folder
from pipeline.serving.tf_serving.render import WRITTEN_BY
from schemas.errors import InputError

NAMES = ["a.yaml", "b.yaml"]
OWN = f"# {WRITTEN_BY}\n"


def test_own_files_are_replaced_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    for text in ("first", "second"):
        check_folder(str(folder), NAMES)
        write_folder(str(folder), dict.fromkeys(NAMES, f"{OWN}{text}"))
        (folder / "compose.override.yaml").write_text("services: {}")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "a.yaml": f"{OWN}second",
        "b.yaml": f"{OWN}second",
        "compose.override.yaml": "services: {}",
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": "x"}, r"contains other files \(notes\.txt\)"),
        ({"a.yaml": "services: {}"}, r"a\.yaml was not written by `twotower serving-config`"),
        ({"a.yaml": OWN, "b.yaml": f"\n{OWN}"}, r"b\.yaml was not written by"),
    ],
    ids=["other files", "a file of the same name", "a changed first line"],
)
def test_files_of_others_are_an_error(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        check_folder(str(tmp_path), NAMES)


def test_a_file_and_a_store_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; give a folder"):
        check_folder(str(tmp_path / "file"), NAMES)
    with pytest.raises(InputError, match="give a local folder"):
        check_folder("gs://bucket/folder", NAMES)
