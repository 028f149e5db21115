"""Compressed files, intact and damaged."""

import bz2
import gzip
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from components.readers.open_input import DamagedFileError, open_input
from schemas.errors import InputError

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.compress,
}
DATA = b"".join(b"%d\n" % (n * n) for n in range(50_000))

compressed = pytest.mark.parametrize("suffix", COMPRESS)


def read(path: Path) -> tuple[bytes, str]:
    """Returns the readable data, and the cause of the damage after it."""
    found = b""
    file: Any  # IO[bytes] does not declare read1
    with open_input(str(path)) as file:
        try:
            while piece := file.read1(1 << 16):
                found += piece
        except DamagedFileError as error:
            return found, error.cause
    return found, ""


@compressed
def test_members_may_be_padded_with_zeros(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix.upper()}"
    member = COMPRESS[suffix](DATA)
    path.write_bytes(member + b"\0" * 512 + member + COMPRESS[suffix](b"") + b"\0" * 512)
    assert read(path) == (DATA * 2, "")


@compressed
def test_readable_part_of_a_truncated_file_is_returned(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    whole = COMPRESS[suffix](DATA)
    path.write_bytes(whole[: len(whole) - 10])
    found, cause = read(path)
    assert DATA.startswith(found)
    assert cause == "it ends in the middle of the compressed data"
    if suffix == ".gz":
        assert len(found) > 0.9 * len(DATA)


@compressed
def test_data_after_the_last_member_is_damage(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(COMPRESS[suffix](DATA) + b"<html>502 Bad Gateway</html>")
    found, cause = read(path)
    assert found == DATA
    assert cause


@compressed
@pytest.mark.parametrize("data", [b"user,item\n1,2\n" * 10, b"\0" * 4096])
def test_file_without_compression_is_damage(tmp_path: Path, suffix: str, data: bytes) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(data)
    assert read(path)[0] == b""
    assert read(path)[1]


def test_wrong_checksum_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    whole = bytearray(gzip.compress(DATA))
    whole[-8] ^= 1
    path.write_bytes(whole)
    assert "incorrect data check" in read(path)[1]


def test_missing_file_is_not_damage(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, open_input(str(tmp_path / "no.gz")):
        pass
    assert not isinstance(caught.value, DamagedFileError)


def test_damaged_file_error_is_picklable() -> None:
    error = pickle.loads(pickle.dumps(DamagedFileError("log.gz", "broken").at(7)))
    assert (error.path, error.cause, error.line) == ("log.gz", "broken", 7)
    assert "log.gz is damaged from line 7 on (broken)" in str(error)
