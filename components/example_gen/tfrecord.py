"""TFRecord files from framed chunks of many records: one Beam element and one write a chunk."""

import os
import struct
from collections.abc import Iterable

import apache_beam as beam
import google_crc32c

_MASK_DELTA = 0xA282EAD8
_UINT32_MASK = 0xFFFFFFFF


def frame(records: Iterable[bytes]) -> bytes:
    """Records as they stand in a TFRecord file: length, its masked CRC, data, its masked CRC.

    The format is given in tensorflow/core/lib/io/record_writer.h.
    """
    parts: list[bytes] = []
    for record in records:
        length = struct.pack("<Q", len(record))
        parts += (length, _masked_crc(length), record, _masked_crc(record))
    return b"".join(parts)


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    rotated = (crc >> 15 | crc << 17) & _UINT32_MASK
    return struct.pack("<I", (rotated + _MASK_DELTA) & _UINT32_MASK)


def write_split(chunks: beam.PCollection, uri: str, split: str) -> None:
    """Writes framed chunks as GZIP TFRecord shards of one split of an Examples artifact.

    Shards appear under their final names only when all are complete. A split without records is
    one empty file.
    """
    prefix = os.path.join(uri, f"Split-{split}", "data_tfrecord")
    _ = chunks | f"Write[{split}]" >> write_bytes(prefix, ".gz")


def write_bytes(prefix: str, suffix: str, one_file: bool = False) -> beam.PTransform:
    """Writes byte strings end to end, compressed by `suffix`; shards are finalised atomically."""
    return beam.io.WriteToText(
        prefix,
        file_name_suffix=suffix,
        append_trailing_newlines=False,
        coder=beam.coders.BytesCoder(),
        num_shards=1 if one_file else 0,
        shard_name_template="" if one_file else None,
    )
