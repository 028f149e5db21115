"""Compressed files, whole and damaged."""

import bz2
import gzip
import pickle
from pathlib import Path

import pytest
import zstandard

from components.readers.open_input import DamagedFileError, open_input
from schemas.errors import InputError

COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstandard.compress}
DATA = b"".join(b"%d\n" % (n * n) for n in range(50_000))

compressed = pytest.mark.parametrize("suffix", COMPRESS)


def read(path: Path) -> tuple[bytes, str]:
    """What can be read, and what then went wrong."""
    found = b""
    with open_input(str(path)) as file:
        try:
            while piece := file.read1(1 << 16):
                found += piece
        except DamagedFileError as error:
            return found, error.cause
    return found, ""


@compressed
def test_members_follow_each_other_with_zeros_between_and_after(tmp_path, suffix) -> None:
    path = tmp_path / f"log{suffix.upper()}"
    member = COMPRESS[suffix](DATA)
    path.write_bytes(member + b"\0" * 512 + member + COMPRESS[suffix](b"") + b"\0" * 512)
    assert read(path) == (DATA * 2, "")


@compressed
def test_a_truncated_file_gives_what_it_has(tmp_path, suffix) -> None:
    path = tmp_path / f"log{suffix}"
    whole = COMPRESS[suffix](DATA)
    path.write_bytes(whole[: len(whole) - 10])
    found, cause = read(path)
    assert DATA.startswith(found)
    assert cause == "it ends in the middle of the compressed data"
    if suffix == ".gz":
        assert len(found) > 0.9 * len(DATA)


@compressed
def test_garbage_after_the_last_member_is_damage(tmp_path, suffix) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(COMPRESS[suffix](DATA) + b"<html>502 Bad Gateway</html>")
    found, cause = read(path)
    assert found == DATA
    assert cause


@compressed
@pytest.mark.parametrize("data", [b"user,item\n1,2\n" * 10, b"\0" * 4096])
def test_a_file_that_is_not_compressed_at_all_is_damage(tmp_path, suffix, data) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_bytes(data)
    assert read(path)[0] == b""
    assert read(path)[1]


def test_a_wrong_checksum_is_damage(tmp_path) -> None:
    path = tmp_path / "log.gz"
    whole = bytearray(gzip.compress(DATA))
    whole[-8] ^= 1
    path.write_bytes(whole)
    assert "incorrect data check" in read(path)[1]


def test_a_missing_file_is_no_damaged_one(tmp_path) -> None:
    with pytest.raises(InputError) as caught, open_input(str(tmp_path / "no.gz")):
        pass
    assert not isinstance(caught.value, DamagedFileError)


def test_damage_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DamagedFileError("log.gz", "broken").at(7)))
    assert (error.path, error.cause, error.line) == ("log.gz", "broken", 7)
    assert "log.gz is damaged from line 7 on (broken)" in str(error)
