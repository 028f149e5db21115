"""Hash sums of the examples of an ingestion; they do not depend on the order of the examples."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import tensorflow as tf

_BATCH = 4096
_MODULUS = 1 << 64
_TEXT_BYTES = 16
_EXAMPLE = {
    "user_id": tf.string,
    "item_id": tf.string,
    "timestamp": tf.int64,
    "event_type": tf.string,
    "value": tf.float32,
}


@dataclass(frozen=True)
class ExamplesDigest:
    """The number of the examples of one split, and the sum of their hashes in hexadecimal."""

    examples: int
    hash_sum: str


def split_digests(output: Path) -> dict[str, dict[str, Any]]:
    """Returns the digest of each split as JSON values.

    Args:
      output: A folder with the subfolders `windows` and `events` of an ingestion.
    """
    digests = {
        split: _digest(output / "windows" / f"Split-{split}", {**_EXAMPLE, "is_target": tf.int64})
        for split in ("train", "eval", "test")
    }
    digests["events"] = _digest(output / "events" / "Split-events", _EXAMPLE)
    return {split: asdict(digest) for split, digest in digests.items()}


def _digest(folder: Path, dtypes: dict[str, tf.DType]) -> ExamplesDigest:
    files = sorted(str(path) for path in folder.iterdir())
    ragged = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    count = total = 0
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_BATCH):
        parsed = tf.io.parse_example(batch, ragged)
        count += len(batch)
        total += sum(_example_hashes([_values_and_splits(parsed[name]) for name in dtypes]))
    return ExamplesDigest(count, f"{total % _MODULUS:016x}")


def _values_and_splits(ragged: tf.RaggedTensor) -> tuple[npt.NDArray[Any], list[int]]:
    """Returns the flat values, texts with a fixed number of bytes, and the row splits."""
    values = ragged.flat_values.numpy()
    if values.dtype == object:
        if values.astype(bytes).itemsize > _TEXT_BYTES:
            raise ValueError(f"a text has more than {_TEXT_BYTES} bytes: increase _TEXT_BYTES")
        values = values.astype(f"S{_TEXT_BYTES}")
    return values, ragged.row_splits.numpy().tolist()


def _example_hashes(features: list[tuple[npt.NDArray[Any], list[int]]]) -> list[int]:
    """Returns the hash of each example, from the length and the bytes of each feature's values."""
    num_rows = len(features[0][1]) - 1
    hashes = [hashlib.blake2b(digest_size=8) for _ in range(num_rows)]
    for values, splits in features:
        content, width = values.tobytes(), values.itemsize
        for row, row_hash in enumerate(hashes):
            begin, end = splits[row] * width, splits[row + 1] * width
            row_hash.update(f"{end - begin}:".encode() + content[begin:end])
    return [int.from_bytes(row_hash.digest(), "little") for row_hash in hashes]
