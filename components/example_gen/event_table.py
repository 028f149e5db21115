"""Events as Arrow tables: what travels between the Beam steps, cut by user into partitions."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from components.records.arrow_rows import PLACE, TEXT, to_bytes
from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE, Feature

TIME_US = "time_us"
EVENT_ID = "event_id"


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
