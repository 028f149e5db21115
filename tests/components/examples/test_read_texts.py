"""Texts are read as TensorFlow writes them, from files of any length."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow as tf

from components.examples import tfrecord
from components.examples.read_texts import read_texts
from schemas.errors import InputError


def frames(records: list[bytes]) -> bytes:
    return tfrecord.frame(pa.array(records, pa.binary()))


def write_examples(path: Path, texts: list[str]) -> None:
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for text in texts:
            example = tf.train.Example()
            example.features.feature["other"].int64_list.value.append(1)
            example.features.feature["id"].bytes_list.value.append(text.encode())
            writer.write(example.SerializeToString())


@pytest.mark.parametrize("texts", [[], ["a", "", "ü\x00", "a" * 10_000]])
def test_texts_are_those_that_tensorflow_wrote(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "data_tfrecord-00000-of-00001.gz"
    write_examples(path, texts)
    assert list(read_texts(str(path), "id")) == texts


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent", lambda data: data, "2 examples have 0 values"),
        ("other", lambda data: data, "wrong type"),
        ("id", lambda data: data[:-12], "ends in the middle"),
        ("id", lambda data: gzip.compress(gzip.decompress(data)[:-3]), "middle of a record"),
        ("id", lambda _: gzip.compress(frames([b"\xff not an example"])), "parse"),
    ],
)
def test_a_file_without_one_text_per_example_is_named(
    tmp_path: Path, name: str, content: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "data.gz"
    write_examples(path, ["a", "b"])
    path.write_bytes(content(path.read_bytes()))

    with pytest.raises(InputError) as caught:
        list(read_texts(str(path), name))

    assert str(caught.value).startswith(f"{path}: expected examples with one value of {name} each")
    assert message in str(caught.value)
    assert "run again" in str(caught.value)


@pytest.mark.parametrize("read_bytes", [1, 7, 16, 17, 1 << 20])
def test_frames_may_cross_the_reads(monkeypatch: pytest.MonkeyPatch, read_bytes: int) -> None:
    records = [b"", b"abc", b"d" * 40, b"e"]
    monkeypatch.setattr(tfrecord, "_READ_BYTES", read_bytes)
    framed = frames(records)
    batches = tfrecord.read_frames(io.BytesIO(framed))
    assert [record for batch in batches for record in batch] == records


def test_a_frame_that_ends_early_is_an_error() -> None:
    framed = tfrecord.frame(pa.array([b"abc", b"def"], pa.binary()))
    with pytest.raises(ValueError, match="in the middle of a record"):
        list(tfrecord.read_frames(io.BytesIO(framed[:-1])))
