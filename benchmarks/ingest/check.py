"""What an ingestion wrote, as hash sums that do not depend on order: equal jobs, equal sums."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
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
class Digest:
    """Number and hash sum of the examples of one split."""

    examples: int
    hash_sum: str


def digests(output: Path) -> dict[str, dict]:
    """The digest of each split below `output`: user, items, times, types, values and targets."""
    found = {
        split: _digest(output / "windows" / f"Split-{split}", {**_EXAMPLE, "is_target": tf.int64})
        for split in ("train", "eval", "test")
    }
    found["events"] = _digest(output / "events" / "Split-events", _EXAMPLE)
    return {split: asdict(digest) for split, digest in found.items()}


def _digest(folder: Path, dtypes: dict[str, tf.DType]) -> Digest:
    files = sorted(str(path) for path in folder.iterdir())
    ragged = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    count = total = 0
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_BATCH):
        parsed = tf.io.parse_example(batch, ragged)
        count += len(batch)
        total += sum(_row_hashes([_columns(parsed[name]) for name in dtypes]))
    return Digest(count, f"{total % _MODULUS:016x}")


def _columns(ragged: tf.RaggedTensor) -> tuple[np.ndarray, list[int]]:
    values = ragged.flat_values.numpy()
    if values.dtype == object:
        if values.astype(bytes).itemsize > _TEXT_BYTES:
            raise ValueError(f"a text is longer than {_TEXT_BYTES} bytes: raise the limit")
        values = values.astype(f"S{_TEXT_BYTES}")
    return values, ragged.row_splits.numpy().tolist()


def _row_hashes(features: list[tuple[np.ndarray, list[int]]]) -> list[int]:
    """A hash per example, over the number and the bytes of each feature's values."""
    num_rows = len(features[0][1]) - 1
    hashes = [hashlib.blake2b(digest_size=8) for _ in range(num_rows)]
    for values, splits in features:
        content, width = values.tobytes(), values.itemsize
        for row, row_hash in enumerate(hashes):
            begin, end = splits[row] * width, splits[row + 1] * width
            row_hash.update(f"{end - begin}:".encode() + content[begin:end])
    return [int.from_bytes(row_hash.digest(), "little") for row_hash in hashes]
