"""TFRecord framing and gzip compression for the Arrow and NumPy program."""

import zlib
from collections.abc import Sequence
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

# The level of components/examples/write_shards.py.
COMPRESSION_LEVEL = 1
_GZIP_CONTAINER = 31
_MASK_DELTA = 0xA282EAD8


def gzipped(content: bytes) -> bytes:
    """Returns the content of a gzip file."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, wbits=_GZIP_CONTAINER)
    return compressor.compress(content) + compressor.flush()


def framed(records: Sequence[bytes]) -> bytes:
    """Returns the content of a TFRecord file (tensorflow/core/lib/io/record_writer.h)."""
    lengths = np.fromiter(map(len, records), np.int64, len(records))
    headers = record_headers(lengths).tobytes()
    footers = masked_crcs(records).tobytes()
    parts: list[bytes] = []
    for at, record in enumerate(records):
        parts += (headers[12 * at : 12 * at + 12], record, footers[4 * at : 4 * at + 4])
    return b"".join(parts)


def record_headers(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Returns [n, 12] uint8: each length as a little-endian uint64, and its masked CRC32C."""
    distinct, inverse = np.unique(lengths.astype("<u8"), return_inverse=True)
    crcs = masked_crcs([length.tobytes() for length in distinct])
    headers = np.concatenate([_as_bytes(distinct, 8), _as_bytes(crcs, 4)], axis=1)
    return headers[inverse]


def masked_crcs(records: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """Returns [n] uint32: the masked CRC32C of each record."""
    crcs = np.fromiter(map(google_crc32c.value, records), np.uint64, len(records))
    rotated = (crcs >> np.uint64(15)) | (crcs << np.uint64(17))
    masked: npt.NDArray[np.uint32] = (
        (rotated & np.uint64(0xFFFFFFFF)) + np.uint64(_MASK_DELTA)
    ).astype("<u4")
    return masked


def _as_bytes(values: npt.NDArray[Any], width: int) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), width)
