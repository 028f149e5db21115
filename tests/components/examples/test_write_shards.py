"""Shards: complete under their final names, also after failed attempts."""

import gzip
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow as tf

from components.examples import write_shards
from components.examples.tfrecord import frame
from components.examples.write_shards import (
    WriteShards,
    remove_temporary,
    write_file,
    write_gzip,
)


def framed(chunk: list[bytes]) -> bytes:
    return frame(pa.array(chunk, pa.binary()))


def write(folders: dict[str, str], *chunks: list[tuple[str, bytes]]) -> None:
    with beam.Pipeline() as pipeline:
        steps = [
            pipeline | f"Chunks{n}" >> beam.Create(chunks_of_step, reshuffle=False)
            for n, chunks_of_step in enumerate(chunks)
        ]
        _ = tuple(steps) | WriteShards(folders)
    remove_temporary(folders.values())


def records(folder: Path) -> list[bytes]:
    files = sorted(map(str, folder.iterdir()))
    return sorted(record.numpy() for record in tf.data.TFRecordDataset(files, "GZIP"))


def test_chunks_of_several_steps_and_splits(tmp_path: Path) -> None:
    folders = {split: str(tmp_path / "out" / f"Split-{split}") for split in ("a", "b", "empty")}
    first = [("a", framed([b"1", b"2"])), ("b", framed([b"3"])), ("a", framed([b"4"]))]
    write(folders, first, [("b", framed([b"5"] * 3))])
    assert records(tmp_path / "out/Split-a") == [b"1", b"2", b"4"]
    assert records(tmp_path / "out/Split-b") == [b"3", b"5", b"5", b"5"]
    assert records(tmp_path / "out/Split-empty") == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "Split-a", "Split-b", "Split-empty"
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "out/Split-a").iterdir()] == [
        "data_tfrecord-00000-of-00001.gz"
    ]


def test_full_shard_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_shards, "_MAX_SHARD_BYTES", 100)
    monkeypatch.setattr(write_shards, "_MAX_PENDING_CHUNKS", 0)
    chunks = [("a", framed([b"%d" % n])) for n in range(20)]
    write({"a": str(tmp_path / "Split-a")}, chunks)
    names = sorted(path.name for path in (tmp_path / "Split-a").iterdir())
    assert len(names) > 1
    assert names == [f"data_tfrecord-{n:05d}-of-{len(names):05d}.gz" for n in range(len(names))]
    assert records(tmp_path / "Split-a") == sorted(b"%d" % n for n in range(20))


def test_repeated_rename_skips_renamed_files(tmp_path: Path) -> None:
    sources = [tmp_path / "one", tmp_path / "two"]
    targets = [tmp_path / "first", tmp_path / "second"]
    for path in (targets[0], sources[1]):
        path.write_text(path.name)
    write_shards._move(list(map(str, sources)), list(map(str, targets)))
    assert [path.read_text() for path in targets] == ["first", "two"]


def test_shards_of_an_earlier_attempt_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "Split-a"
    folder.mkdir()
    (folder / "data_tfrecord-00000-of-00002.gz").write_bytes(b"stale")
    (folder / "data_tfrecord-00001-of-00002.gz").write_bytes(b"stale")
    write({"a": str(folder)}, [("a", framed([b"1"]))])
    assert records(folder) == [b"1"]


def test_missing_temporary_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Rename operation failed"):
        write_shards._move([str(tmp_path / "gone")], [str(tmp_path / "never")])


def test_single_files(tmp_path: Path) -> None:
    write_gzip(str(tmp_path / "out" / "x.gz"), iter([b"a", b"b"]))
    write_gzip(str(tmp_path / "out" / "none.gz"), [])
    write_file(str(tmp_path / "out" / "x.json"), b"{}")
    remove_temporary([str(tmp_path / "out" / "x.gz")])
    assert gzip.decompress((tmp_path / "out" / "x.gz").read_bytes()) == b"ab"
    assert gzip.decompress((tmp_path / "out" / "none.gz").read_bytes()) == b""
    assert (tmp_path / "out" / "x.json").read_bytes() == b"{}"
    assert len(list((tmp_path / "out").iterdir())) == 3
