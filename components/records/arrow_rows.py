"""Rows of records as Arrow tables: their place in the source files, and their serialised form."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

PLACE = "place"
TEXT = "text"

# A place is file << 40 | line: sorting by it is sorting by log order.
_LINE_BITS = 40
_LINE_MASK = (1 << _LINE_BITS) - 1


def places(file: int, lines: np.ndarray) -> np.ndarray:
    """[n] int64: where in the log the lines of one file stand."""
    return (file << _LINE_BITS) + lines.astype(np.int64)


def file_and_line(place: int) -> tuple[int, int]:
    """The index of the file among the sorted ones, and the line in it."""
    return place >> _LINE_BITS, place & _LINE_MASK


def to_bytes(table: pa.Table | pa.RecordBatch, compression: str | None = None) -> bytes:
    """A table as an Arrow IPC stream, its columns compressed (`lz4`, `zstd`) where asked for."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write(table)
    return sink.getvalue().to_pybytes()


def from_bytes(streams: Iterable[bytes], schema: pa.Schema) -> pa.Table:
    """One table of several streams, each column in one piece."""
    tables = [read_stream(stream) for stream in streams]
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()


def read_stream(stream: bytes) -> pa.Table:
    """The table that `to_bytes` wrote."""
    return pa.ipc.open_stream(stream).read_all()
