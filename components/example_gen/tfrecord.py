"""Records framed as they stand in TFRecord files: many at once, one Beam element and one write."""

import os
import struct
from collections.abc import Iterable
from itertools import pairwise

import google_crc32c
import numpy as np
import pyarrow as pa

from components.example_gen.encode_batch import join

_MASK_DELTA = np.uint32(0xA282EAD8)


def frame(records: Iterable[bytes]) -> bytes:
    """Records as they stand in a TFRecord file: length, its masked CRC, data, its masked CRC.

    The format is given in tensorflow/core/lib/io/record_writer.h.
    """
    return frame_array(pa.array(list(records), pa.binary()))


def frame_array(records: pa.BinaryArray) -> bytes:
    """An Arrow array of records, framed."""
    if not len(records):
        return b""
    offsets = np.frombuffer(records.buffers()[1], np.int32)[records.offset :][: len(records) + 1]
    lengths, rows = np.unique(np.diff(offsets), return_inverse=True)
    headers = pa.array([_header(length) for length in lengths.tolist()], pa.binary())
    footers = pa.Array.from_buffers(
        pa.binary(4),
        len(records),
        [None, pa.py_buffer(_masked(_crcs(records.buffers()[2], offsets)))],
    )
    framed = join([headers.take(pa.array(rows)), records, footers.cast(pa.binary())])
    ends = np.frombuffer(framed.buffers()[1], np.int32)
    return framed.buffers()[2][: ends[len(framed)]].to_pybytes()


def _crcs(data: pa.Buffer, offsets: np.ndarray) -> np.ndarray:
    """[n] uint32: the CRC-32C of each record."""
    whole = data.to_pybytes()
    bounds = offsets.tolist()
    crc = google_crc32c.value
    return np.array(
        [crc(whole[begin:end]) for begin, end in pairwise(bounds)],
        np.uint32,
    )


def _header(length: int) -> bytes:
    packed = struct.pack("<Q", length)
    check = np.array([google_crc32c.value(packed)], np.uint32)
    return packed + _masked(check).tobytes()


def _masked(crc: np.ndarray) -> np.ndarray:
    """[n] uint32 little-endian, wrapping around as the format's arithmetic does."""
    rotated = (crc >> np.uint32(15)) | (crc << np.uint32(17))
    return (rotated + _MASK_DELTA).astype("<u4")


def split_folder(uri: str, split: str) -> str:
    """Where TFX keeps the shards of one split of an Examples artifact."""
    return os.path.join(uri, f"Split-{split}")
