"""Columns that Arrow tables of records share, and the serialised form of these tables."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# The position of a record in the source files (`record_positions`), and its original text.
POSITION = "position"
TEXT = "text"

_LINE_BITS = 40
_LINE_MASK = (1 << _LINE_BITS) - 1


def record_positions(file: int, lines: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Returns the positions of records in the source files as sortable integers.

    A position is `file << 40 | line`, so that sorting by position is sorting by file, then line.

    Args:
      file: Index of the file among the sorted files.
      lines: [num_records] line or row numbers in that file.

    Returns:
      [num_records] int64.
    """
    return (file << _LINE_BITS) + lines.astype(np.int64)


def file_and_line(position: int) -> tuple[int, int]:
    """Returns the index of the file among the sorted files, and the line in that file."""
    return position >> _LINE_BITS, position & _LINE_MASK


def to_bytes(table: pa.Table | pa.RecordBatch, compression: str | None = None) -> bytes:
    """Returns a table as an Arrow IPC stream.

    Args:
      table: The table.
      compression: `lz4` or `zstd` to compress the columns.
    """
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write(table)
    return sink.getvalue().to_pybytes()


def from_bytes(streams: Iterable[bytes], schema: pa.Schema) -> pa.Table:
    """Returns the concatenated tables of several streams, with one chunk per column."""
    tables = [read_stream(stream) for stream in streams]
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()


def read_stream(stream: bytes) -> pa.Table:
    """Returns the table that `to_bytes` serialised."""
    return pa.ipc.open_stream(stream).read_all()
