"""The fingerprint changes if and only if the inputs change."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.readers.bigquery_metadata import QueryMetadata
from components.readers.fingerprint import fingerprint, query_fingerprint
from schemas.errors import InputError
from schemas.source_settings import RangeSettings
from tests.components.readers.memory_files import MemoryFileSystem, memory_files

REMOTE = "memory://bucket/log"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


@pytest.fixture
def bucket() -> Iterator[dict[str, bytes]]:
    with memory_files() as contents:
        contents.update({f"{REMOTE}/a.csv": b"a", f"{REMOTE}/b.csv": b"b"})
        yield contents


def test_every_change_of_local_files_changes_the_fingerprint(folder: Path) -> None:
    seen = [fingerprint(str(folder))]
    os.utime(folder / "a.csv", (2, 2))
    seen.append(fingerprint(str(folder)))
    (folder / "a.csv").write_text("longer")
    os.utime(folder / "a.csv", (2, 2))
    seen.append(fingerprint(str(folder)))
    (folder / "c.csv").write_text("c.csv")
    seen.append(fingerprint(str(folder)))
    (folder / "c.csv").rename(folder / "d.csv")
    seen.append(fingerprint(str(folder)))
    (folder / "b.csv").unlink()
    seen.append(fingerprint(str(folder)))
    assert len(set(seen)) == len(seen)


def test_fingerprint_does_not_depend_on_the_order_of_paths(folder: Path) -> None:
    paths = (f"{folder}/a.csv", f"{folder}/b.csv")
    expected = fingerprint(str(folder))
    assert fingerprint(paths) == fingerprint(paths[::-1]) == fingerprint((*paths, *paths))
    assert fingerprint(f"{folder}/*.csv") == fingerprint(paths) == expected
    (folder / "_SUCCESS").write_text("no data")
    assert fingerprint(str(folder)) == expected


def test_only_days_in_the_window_change_the_fingerprint(tmp_path: Path) -> None:
    def write(day: str) -> str:
        (tmp_path / f"{day}.csv").write_text(day)
        return fingerprint(f"{tmp_path}/{{YYYY}}-{{MM}}-{{DD}}.csv", RangeSettings(last=2))

    (tmp_path / "2024-02-28.csv").write_text("a")
    before = write("2024-02-29")
    assert write("2024-02-20") == before
    assert write("2024-03-01") != before


def test_modification_time_of_a_remote_file_changes_the_fingerprint(
    bucket: dict[str, bytes],
) -> None:
    before = fingerprint(REMOTE)
    bucket[f"{REMOTE}/a.csv"] = b"A"
    assert fingerprint(REMOTE) == before  # neither size nor time changed
    MemoryFileSystem.times[f"{REMOTE}/a.csv"] = 2.0
    assert fingerprint(REMOTE) != before


def test_checksums_are_used_without_modification_times(bucket: dict[str, bytes]) -> None:
    with memory_files(has_times=False) as contents:
        contents.update({f"{REMOTE}/a.csv": b"a", f"{REMOTE}/b.csv": b"b"})
        before = fingerprint(REMOTE)
        contents[f"{REMOTE}/a.csv"] = b"A"
        changed = fingerprint(REMOTE)
        contents[f"{REMOTE}/a.csv"] = b"a"
        assert changed != before == fingerprint(REMOTE)


def test_file_without_time_and_checksum_is_rejected() -> None:
    with memory_files(has_times=False, has_checksums=False) as contents:
        contents[f"{REMOTE}/a.csv"] = b"a"
        with pytest.raises(InputError, match=r"a\.csv.*neither a modification time nor a checksum"):
            fingerprint(REMOTE)


def test_fingerprint_of_a_query_changes_with_text_and_tables() -> None:
    metadata = QueryMetadata(("user",), (("p.d.log", "2024-05-01T00:00:00"),), volatile_reason="")
    later = QueryMetadata(("user",), (("p.d.log", "2024-05-02T00:00:00"),), volatile_reason="")
    same = query_fingerprint("SELECT 1", metadata)
    assert same == query_fingerprint("SELECT 1", metadata)
    assert (
        len({same, query_fingerprint("SELECT 2", metadata), query_fingerprint("SELECT 1", later)})
        == 3
    )
    volatile = QueryMetadata(("user",), metadata.tables, volatile_reason="it uses RAND")
    assert query_fingerprint("SELECT 1", volatile) != query_fingerprint("SELECT 1", volatile)
