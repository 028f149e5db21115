"""Lines of files with long lines, byte order marks, mixed line ends and other encodings."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers import lines as module
from components.readers.lines import LineBlock, LongLine, read_lines
from components.readers.open_input import DamagedFileError
from schemas.errors import InputError


def read(path: Path, encoding: str = "utf-8") -> list[tuple[int, bytes]]:
    """Returns numbered lines; for an overlong one only its length."""
    found = []
    for block in read_lines(str(path), encoding):
        if isinstance(block, LongLine):
            found.append((block.line, b"%d bytes" % block.num_bytes))
        else:
            found += enumerate(block.lines, block.first)
    return found


@contextmanager
def small_limits() -> Iterator[None]:
    """Sets limits of a few bytes, so that small files cross every boundary."""
    limits = {"_READ_BYTES": 3, "_BLOCK_BYTES": 5, "MAX_LINE_BYTES": 12, "MAX_LINES_PER_BLOCK": 2}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(module, name, value)
        yield


@given(st.lists(st.text("aé ", max_size=20).map(str.encode)))
def test_each_line_is_in_one_block(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "log"
    path.write_bytes(b"\n".join(lines) + b"\n")
    expected = [
        (number, line if len(line) <= 12 else b"%d bytes" % len(line))
        for number, line in enumerate(lines or [b""], start=1)
    ]
    with small_limits():
        assert read(path) == expected


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_mixed_line_ends_and_an_optional_last_one(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\r\nb\n\nc\r\r\nd" + end)
    assert read(path) == [(1, b"a"), (2, b"b"), (3, b""), (4, b"c"), (5, b"d")]


def test_lone_carriage_returns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"user,item\r1,2\r")
    with pytest.raises(InputError, match="lone carriage return"):
        read(path)


def test_line_of_50_megabytes_is_cut_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    size = 50_000_000
    path.write_bytes(gzip.compress(b"a\n" + b"x" * size + b"\nb\n", compresslevel=1))
    before, long, after = read_lines(str(path))
    assert (before, after) == (LineBlock(1, [b"a"]), LineBlock(3, [b"b"]))
    assert isinstance(long, LongLine)
    assert (long.line, long.num_bytes) == (2, size)
    reject = long.reject("log.gz")
    assert reject.line == 2
    assert len(reject.raw) < 11_000
    assert f"cut: {size} bytes" in reject.raw


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_recoded_to_utf_8(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log"
    path.write_bytes("é,1\n漢,2\r\n".encode(encoding))
    assert read(path, encoding) == [(1, "é,1".encode()), (2, "漢,2".encode())]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_byte_order_mark_of_another_encoding_has_a_remedy(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log"
    path.write_bytes("a\n".encode(encoding))
    with pytest.raises(InputError, match=f"{encoding}.*iconv -f {encoding}.*csv.encoding"):
        read(path)


def test_byte_order_mark_of_utf_8_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\n", encoding="utf-8-sig")
    assert read(path) == [(1, b"a"), (2, b"b")]
    with pytest.raises(InputError, match="byte order mark of utf-8"):
        read(path, "latin-1")


def test_damage_is_raised_after_all_complete_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    whole = gzip.compress(b"".join(b"line %d\n" % n for n in range(1, 4)) + b"half a li")
    path.write_bytes(whole[:-8])  # without checksum and length
    found: list[LineBlock | LongLine] = []
    with small_limits(), pytest.raises(DamagedFileError) as caught:
        found.extend(read_lines(str(path)))
    lines = [line for block in found if isinstance(block, LineBlock) for line in block.lines]
    assert lines == [b"line 1", b"line 2", b"line 3"]
    assert caught.value.line == 4
