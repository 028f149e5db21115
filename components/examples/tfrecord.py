"""The framing of TFRecord files: writes many records at once, and reads what this project wrote.

A record is its length, the masked CRC of the length, the data, and the masked CRC of the data. The
format is specified in tensorflow/core/lib/io/record_writer.h.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import IO, Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.examples.encode_batch import join

_MASK_DELTA = np.uint32(0xA282EAD8)
_HEADER = struct.Struct("<QI")
_FOOTER_BYTES = 4
_READ_BYTES = 1 << 22


def frame(records: pa.BinaryArray) -> bytes:
    """Returns records as bytes of a TFRecord file: one Beam element and one write."""
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


def read_frames(file: IO[bytes]) -> Iterator[list[bytes]]:
    """Yields the records of a TFRecord file in batches.

    The checksums are not compared: the files that this project writes are compressed, and gzip has
    its own.

    Args:
      file: The decompressed file.

    Raises:
      ValueError: The file ends within a record.
    """
    rest = b""
    while data := file.read(_READ_BYTES):
        records, rest = _unframe(rest + data)
        if records:
            yield records
    if rest:
        raise ValueError("the file ends in the middle of a record")


def _unframe(data: bytes) -> tuple[list[bytes], bytes]:
    """Returns the complete records at the beginning of `data`, and the bytes after them."""
    records = []
    begin = 0
    while begin + _HEADER.size <= len(data):
        length, _ = _HEADER.unpack_from(data, begin)
        start = begin + _HEADER.size
        end = start + length + _FOOTER_BYTES
        if end > len(data):
            break
        records.append(data[start : start + length])
        begin = end
    return records, data[begin:]
