"""TFRecord framing and compression for the benchmark's own programs."""

import zlib
from collections.abc import Sequence

import google_crc32c
import numpy as np

# As components/examples/write_shards.py.
COMPRESSION_LEVEL = 1
_GZIP_CONTAINER = 31
_MASK_DELTA = 0xA282EAD8


def gzipped(content: bytes) -> bytes:
    """A gzip file."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, wbits=_GZIP_CONTAINER)
    return compressor.compress(content) + compressor.flush()


def framed(records: Sequence[bytes]) -> bytes:
    """Records as they stand in a TFRecord file (tensorflow/core/lib/io/record_writer.h)."""
    lengths = np.fromiter(map(len, records), np.int64, len(records))
    heads = record_heads(lengths).tobytes()
    tails = masked_crcs(records).tobytes()
    parts: list[bytes] = []
    for at, record in enumerate(records):
        parts += (heads[12 * at : 12 * at + 12], record, tails[4 * at : 4 * at + 4])
    return b"".join(parts)


def record_heads(lengths: np.ndarray) -> np.ndarray:
    """[n, 12] uint8: each length as a little-endian uint64, and its masked CRC."""
    distinct, inverse = np.unique(lengths.astype("<u8"), return_inverse=True)
    crcs = masked_crcs([length.tobytes() for length in distinct])
    heads = np.concatenate([_as_bytes(distinct, 8), _as_bytes(crcs, 4)], axis=1)
    return heads[inverse]


def masked_crcs(records: Sequence[bytes]) -> np.ndarray:
    """[n] uint32: the masked CRC32C of each record."""
    crcs = np.fromiter(map(google_crc32c.value, records), np.uint64, len(records))
    rotated = (crcs >> np.uint64(15)) | (crcs << np.uint64(17))
    return ((rotated & np.uint64(0xFFFFFFFF)) + np.uint64(_MASK_DELTA)).astype("<u4")


def _as_bytes(values: np.ndarray, width: int) -> np.ndarray:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), width)
