"""The fingerprint changes with the inputs, and with nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.readers.bigquery_facts import QueryFacts
from components.readers.fingerprint import (
    fingerprint,
    query_fingerprint,
)
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


def test_every_change_of_local_files_changes_it(folder: Path) -> None:
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


def test_unchanged_files_keep_it_in_whatever_order_they_are_given(folder: Path) -> None:
    paths = (f"{folder}/a.csv", f"{folder}/b.csv")
    expected = fingerprint(str(folder))
    assert fingerprint(paths) == fingerprint(paths[::-1]) == fingerprint((*paths, *paths))
    assert fingerprint(f"{folder}/*.csv") == fingerprint(paths) == expected
    (folder / "_SUCCESS").write_text("no data")
    assert fingerprint(str(folder)) == expected


def test_a_new_day_changes_it_and_one_before_the_window_does_not(tmp_path: Path) -> None:
    def write(day: str) -> str:
        (tmp_path / f"{day}.csv").write_text(day)
        return fingerprint(f"{tmp_path}/{{YYYY}}-{{MM}}-{{DD}}.csv", RangeSettings(last=2))

    (tmp_path / "2024-02-28.csv").write_text("a")
    before = write("2024-02-29")
    assert write("2024-02-20") == before
    assert write("2024-03-01") != before


def test_remote_files_by_their_times(bucket: dict[str, bytes]) -> None:
    before = fingerprint(REMOTE)
    bucket[f"{REMOTE}/a.csv"] = b"A"
    assert fingerprint(REMOTE) == before  # neither size nor time changed
    MemoryFileSystem.times[f"{REMOTE}/a.csv"] = 2.0
    assert fingerprint(REMOTE) != before


def test_checksums_stand_in_for_times(bucket: dict[str, bytes]) -> None:
    with memory_files(has_times=False) as contents:
        contents.update({f"{REMOTE}/a.csv": b"a", f"{REMOTE}/b.csv": b"b"})
        before = fingerprint(REMOTE)
        contents[f"{REMOTE}/a.csv"] = b"A"
        changed = fingerprint(REMOTE)
        contents[f"{REMOTE}/a.csv"] = b"a"
        assert changed != before == fingerprint(REMOTE)


def test_what_could_change_unnoticed_is_rejected() -> None:
    with memory_files(has_times=False, has_checksums=False) as contents:
        contents[f"{REMOTE}/a.csv"] = b"a"
        with pytest.raises(InputError, match=r"a\.csv.*neither a modification time nor a checksum"):
            fingerprint(REMOTE)


def test_a_query_changes_with_its_text_and_its_tables() -> None:
    facts = QueryFacts(("user",), (("p.d.log", "2024-05-01T00:00:00"),), unsettled="")
    later = QueryFacts(("user",), (("p.d.log", "2024-05-02T00:00:00"),), unsettled="")
    same = query_fingerprint("SELECT 1", facts)
    assert same == query_fingerprint("SELECT 1", facts)
    assert (
        len({same, query_fingerprint("SELECT 2", facts), query_fingerprint("SELECT 1", later)}) == 3
    )
    volatile = QueryFacts(("user",), facts.tables, unsettled="it uses RAND")
    assert query_fingerprint("SELECT 1", volatile) != query_fingerprint("SELECT 1", volatile)
