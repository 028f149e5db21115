"""Schemas of the Arrow tables of events and users, and their partitioning by user."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.arrow_rows import POSITION, TEXT, to_bytes
from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE, Feature

TIME_US = "time_us"
EVENT_ID = "event_id"


def events_schema(context: Sequence[Feature]) -> pa.Schema:
    """Returns the schema of events, one row per event.

    Its columns are:
      user_id, item_id: Trimmed and non-empty.
      time_us: Microseconds since the epoch, UTC.
      position: The position in the log (`record_positions`), which orders events of equal time.
      event_type: "" if the log has none.
      value: A rating, price or duration; NaN if missing.
      event_id: The id of the event in the log, or "".
      context.<name>: One column per context feature (`context_column`): numbers (NaN if missing) or
        texts ("" if missing).
    """
    columns: list[Any] = [
        (USER_ID, pa.string()),
        (ITEM_ID, pa.string()),
        (TIME_US, pa.int64()),
        (POSITION, pa.int64()),
        (EVENT_TYPE, pa.string()),
        (VALUE, pa.float64()),
        (EVENT_ID, pa.string()),
    ]
    return pa.schema(columns + [(context_column(feature), _dtype(feature)) for feature in context])


def context_column(feature: Feature) -> str:
    """Returns the column of a context feature; the prefix avoids clashes with other columns."""
    return f"context.{feature.name}"


def user_rows_schema(features: Sequence[Feature]) -> pa.Schema:
    """Returns the schema of the users file, one row per record.

    Its columns are the user id, the position in the files, the original text, and the features
    (`user_column`).
    """
    columns: list[Any] = [(USER_ID, pa.string()), (POSITION, pa.int64()), (TEXT, pa.string())]
    return pa.schema(columns + [(user_column(feature), _dtype(feature)) for feature in features])


def user_column(feature: Feature) -> str:
    """Returns the column of a user feature; the prefix avoids clashes with other columns."""
    return f"feature.{feature.name}"


def _dtype(feature: Feature) -> pa.DataType:
    return pa.float64() if feature.is_number else pa.string()


def partition_by_user(batch: pa.RecordBatch, num_partitions: int) -> Iterator[tuple[int, bytes]]:
    """Partitions a batch by a hash of the user id.

    Args:
      batch: Rows with a column `user_id`.
      num_partitions: Number of partitions.

    Yields:
      (partition, rows as an Arrow IPC stream) for each partition that has rows.
    """
    if not batch.num_rows:
        return
    users = batch.column(batch.schema.get_field_index(USER_ID)).dictionary_encode()
    partition_of_user: npt.NDArray[np.int64] = np.fromiter(
        (
            zlib.crc32(user.encode()) % num_partitions
            for user in users.dictionary.to_numpy(zero_copy_only=False)
        ),
        np.int64,
        len(users.dictionary),
    )
    partition_of_row = partition_of_user[users.indices.to_numpy()]
    order = np.argsort(partition_of_row, kind="stable")
    ends = np.cumsum(np.bincount(partition_of_row, minlength=num_partitions)).tolist()
    ordered = batch.take(pa.array(order)) if num_partitions > 1 else batch
    for index, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if begin < end:
            yield index, to_bytes(ordered.slice(begin, end - begin))
