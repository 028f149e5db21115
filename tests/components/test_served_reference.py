"""The file with what a version knows."""

from pathlib import Path

import pytest

from components.served_lists import measure_lists
from components.served_reference import (
    ServedReference,
    read_known_users,
    read_reference,
    write_known_users,
    write_reference,
)
from schemas.bundle import REFERENCE_FILE
from schemas.errors import InputError
from tests.components.test_served_lists import ROWS, lists_of

REFERENCE = ServedReference(
    "test", 10, {"recommend": measure_lists(lists_of(ROWS), 10)}, ("a", "b\nc", "ü")
)


def test_a_reference_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_reference(str(tmp_path), REFERENCE)

    read = read_reference(str(tmp_path))

    assert read == REFERENCE


def test_equal_references_have_equal_files(tmp_path: Path) -> None:
    contents = []
    for name in "ab":
        write_reference(str(tmp_path / name), REFERENCE)
        contents.append((tmp_path / name / REFERENCE_FILE).read_bytes())

    assert contents[0] == contents[1]


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b\x08\x00", None])
def test_a_damaged_reference_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    write_reference(str(tmp_path), REFERENCE)
    path = tmp_path / REFERENCE_FILE
    path.write_bytes(path.read_bytes()[:-20] if content is None else content)

    with pytest.raises(InputError, match=r"served_reference.json.gz: damaged"):
        read_reference(str(tmp_path))


def test_a_model_without_a_reference_has_none(tmp_path: Path) -> None:
    assert read_reference(str(tmp_path)) is None
    assert read_known_users(str(tmp_path)) is None


def test_known_users_of_a_former_release_are_those_of_its_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "user_id").write_text("u1\nu 2\x0b\nü\n", encoding="utf-8")

    assert read_known_users(str(tmp_path)) == {"u1", "u 2\x0b", "ü"}


def test_known_users_are_read_as_they_were_written(tmp_path: Path) -> None:
    users = ["u1", "u 2\x0b", "line\nbreak", "ü"]
    write_known_users(str(tmp_path), [user.encode() for user in users])

    assert read_known_users(str(tmp_path)) == frozenset(users)
