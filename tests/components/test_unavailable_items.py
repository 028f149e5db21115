"""The file of items that may not be recommended."""

import os
import threading
from pathlib import Path

import pytest

from components.unavailable_items import HEADER, read_unavailable, write_unavailable
from schemas.errors import InputError


def test_ids_are_written_once_after_a_header(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    write_unavailable(str(path), ["b", "a", "b", "ü"])
    assert path.read_bytes().decode("utf-8") == f"{HEADER}\na\nb\nü\n"
    assert read_unavailable(str(path)) == ["a", "b", "ü"]


def test_an_empty_list_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    write_unavailable(str(path), [])
    assert path.read_text() == f"{HEADER}\n"
    assert read_unavailable(str(path)) == []


@pytest.mark.parametrize("content", [b"a\r\n b \n\na\n", b"\xef\xbb\xbfa\nb", b"b\na"])
def test_files_of_text_editors_are_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    assert read_unavailable(str(path)) == ["a", "b"]


def test_unreadable_files_raise_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"list\.txt: no such file; expected a text file"):
        read_unavailable(str(tmp_path / "list.txt"))
    with pytest.raises(InputError, match=r"cannot be read .*one item id per line"):
        read_unavailable(str(tmp_path))
    with pytest.raises(InputError, match=r"cannot be read .*one item id per line"):
        read_unavailable("absent://bucket/list.txt")
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"list\.txt: not UTF-8"):
        read_unavailable(str(tmp_path / "list.txt"))


def test_an_id_may_contain_unicode_line_separators(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    ids = ["a\u2028b", "c\x0bd", "e\x85"]
    write_unavailable(str(path), ids)
    assert read_unavailable(str(path)) == sorted(ids)


def test_a_list_is_read_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a\nb\n",))
    writer.start()
    assert read_unavailable(str(pipe)) == ["a", "b"]
    writer.join()
