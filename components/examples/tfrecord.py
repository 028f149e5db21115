"""Frames many records at once as TFRecord bytes: one Beam element and one write."""

import os
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.examples.encode_batch import join

_MASK_DELTA = np.uint32(0xA282EAD8)


def frame(records: pa.BinaryArray) -> bytes:
    """Returns records as bytes of a TFRecord file: length, its masked CRC, data, its masked CRC.

    The format is specified in tensorflow/core/lib/io/record_writer.h.
    """
    if not len(records):
        return b""
    offsets = np.frombuffer(records.buffers()[1], np.int32)[records.offset :][: len(records) + 1]
    lengths, rows = np.unique(np.diff(offsets), return_inverse=True)
    data = b"" if records.buffers()[2] is None else records.buffers()[2].to_pybytes()
    footers = _fixed(_masked(_crcs(data, offsets.tolist())))
    framed = join([_headers(lengths).take(pa.array(rows)), records, footers])
    ends = np.frombuffer(framed.buffers()[1], np.int32)
    return framed.buffers()[2][: ends[len(framed)]].to_pybytes()


def _crcs(data: bytes, bounds: Iterable[int]) -> npt.NDArray[np.uint32]:
    """Returns the CRC-32C, [n] uint32, of each part of `data` between consecutive bounds."""
    crc = google_crc32c.value
    return np.array([crc(data[begin:end]) for begin, end in pairwise(bounds)], np.uint32)


def _headers(lengths: npt.NDArray[np.int32]) -> pa.BinaryArray:
    """Returns the header, [n], of records with these lengths."""
    packed = lengths.astype("<u8")
    content = packed.tobytes()
    checks = _masked(_crcs(content, range(0, len(content) + 1, packed.itemsize)))
    pairs = np.rec.fromarrays([packed, checks], dtype=[("length", "<u8"), ("check", "<u4")])
    return _fixed(pairs)


def _fixed(rows: npt.NDArray[Any]) -> pa.BinaryArray:
    """Returns the bytes, [n], of array elements in memory."""
    dtype = pa.binary(rows.itemsize)
    fixed = pa.Array.from_buffers(dtype, len(rows), [None, pa.py_buffer(rows.tobytes())])
    return fixed.cast(pa.binary())


def _masked(crc: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Masks CRCs as the format specifies, modulo 2^32: [n] uint32, little-endian."""
    rotated = (crc >> np.uint32(15)) | (crc << np.uint32(17))
    return (rotated + _MASK_DELTA).astype("<u4")


def split_folder(uri: str, split: str) -> str:
    """Returns the folder of the shards of one split of an Examples artifact in TFX."""
    return os.path.join(uri, f"Split-{split}")
