"""Events as Arrow tables: what travels between the Beam steps, cut by user into partitions."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE, Feature

TIME_US = "time_us"
PLACE = "place"
EVENT_ID = "event_id"
TEXT = "text"

# A place is file << 40 | line: sorting by it is sorting by log order.
_LINE_BITS = 40
_LINE_MASK = (1 << _LINE_BITS) - 1


def events_schema(context: Sequence[Feature]) -> pa.Schema:
    """One row an event.

    `user_id`, `item_id`: non-empty after trimming. `time_us`: microseconds since the epoch, UTC.
    `place`: where in the log it stands, by which ties in time keep log order. `event_type`: ""
    where the log has none. `value`: a rating, a price, a duration; NaN where there is none.
    `event_id`: the log's own id of the event, or "". Context by `context_column`: numbers (missing:
    NaN) and texts (missing: "").
    """
    columns: list[Any] = [
        (USER_ID, pa.string()),
        (ITEM_ID, pa.string()),
        (TIME_US, pa.int64()),
        (PLACE, pa.int64()),
        (EVENT_TYPE, pa.string()),
        (VALUE, pa.float64()),
        (EVENT_ID, pa.string()),
    ]
    return pa.schema(columns + [(context_column(feature), _dtype(feature)) for feature in context])


def context_column(feature: Feature) -> str:
    """The column of a context feature: no name of an event's own column begins so."""
    return f"context.{feature.name}"


def user_rows_schema(features: Sequence[Feature]) -> pa.Schema:
    """One row of the users file: its user, its place, its values, and its text."""
    columns: list[Any] = [(USER_ID, pa.string()), (PLACE, pa.int64()), (TEXT, pa.string())]
    return pa.schema(columns + [(feature.name, _dtype(feature)) for feature in features])


def _dtype(feature: Feature) -> pa.DataType:
    return pa.float64() if feature.is_number else pa.string()


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


def partition(batch: pa.RecordBatch, num_partitions: int) -> Iterator[tuple[int, bytes]]:
    """Cuts a batch by user: (partition, its rows as bytes), the same user always in the same one.

    Args:
      batch: With a column `user_id`.
      num_partitions: How many there are.
    """
    if not batch.num_rows:
        return
    users = batch.column(batch.schema.get_field_index(USER_ID)).dictionary_encode()
    of_user = np.fromiter(
        (
            zlib.crc32(user.encode()) % num_partitions
            for user in users.dictionary.to_numpy(zero_copy_only=False)
        ),
        np.int64,
        len(users.dictionary),
    )
    of_row = of_user[users.indices.to_numpy()]
    order = np.argsort(of_row, kind="stable")
    ends = np.cumsum(np.bincount(of_row, minlength=num_partitions)).tolist()
    ordered = batch.take(pa.array(order)) if num_partitions > 1 else batch
    for index, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if begin < end:
            yield index, to_bytes(ordered.slice(begin, end - begin))
