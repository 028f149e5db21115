"""Schema of the Arrow tables of items, and their partitioning by item."""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.records.arrow_rows import POSITION, TEXT, to_bytes
from schemas.features import (
    AVAILABLE_AT,
    ITEM_ID,
    MISSING_INTEGER,
    MISSING_NUMBER,
    MISSING_TEXT,
    Feature,
)
from schemas.source_settings import FeatureKind

IS_READABLE = "is_readable"
SPELLING = "spelling"
PROBLEM = "problem"

_NUM_BUCKETS = 64
_TYPES = {
    FeatureKind.NUMBER: pa.float64(),
    FeatureKind.TIMESTAMP: pa.int64(),
    FeatureKind.CATEGORIES: pa.list_(pa.string()),
    FeatureKind.CATEGORY: pa.string(),
    FeatureKind.TEXT: pa.string(),
}


def items_schema(features: Sequence[Feature]) -> pa.Schema:
    """Returns the schema of the items files, one row per record whose item id can be read.

    Its columns are:
      item_id: Trimmed, normalised and non-empty.
      spelling: The id as it is in the record, trimmed.
      position: The position in the items files (`record_positions`).
      text: The original record.
      is_readable: Whether all fields are valid. The other columns of an unreadable row are fillers.
      problem: Why an unreadable row is rejected (`reason: detail`); "" for a readable row.
      available_at: Seconds since the epoch, UTC; -1 if missing.
      feature.<name>: One column per item feature (`feature_column`).
    """
    columns = [
        (ITEM_ID, pa.string()),
        (SPELLING, pa.string()),
        (POSITION, pa.int64()),
        (TEXT, pa.string()),
        (IS_READABLE, pa.bool_()),
        (PROBLEM, pa.string()),
        (AVAILABLE_AT, pa.int64()),
        *((feature_column(feature), _TYPES[feature.kind]) for feature in features),
    ]
    return pa.schema(columns)


def feature_column(feature: Feature) -> str:
    """Returns the column of a feature; the prefix avoids clashes with other columns."""
    return f"feature.{feature.name}"


def items_without_content(item_ids: pa.StringArray, features: Sequence[Feature]) -> pa.Table:
    """Returns rows of items with missing features, for items that are only in the log.

    The columns are those of `items_schema` without those that describe the record.
    """
    missing = {
        FeatureKind.NUMBER: MISSING_NUMBER,
        FeatureKind.TIMESTAMP: MISSING_INTEGER,
        FeatureKind.CATEGORIES: [],
    }
    columns = {ITEM_ID: item_ids, AVAILABLE_AT: pa.array([MISSING_INTEGER] * len(item_ids))}
    for feature in features:
        values = [missing.get(feature.kind, MISSING_TEXT)] * len(item_ids)
        columns[feature_column(feature)] = pa.array(values, _TYPES[feature.kind])
    return pa.table(columns)


def item_bucket(item_id: str) -> int:
    """Returns the bucket of an item: a hash that is the same on every worker."""
    return zlib.crc32(item_id.encode()) % _NUM_BUCKETS


def split_by_bucket(batch: pa.RecordBatch) -> Iterator[tuple[int, bytes]]:
    """Yields (bucket, rows as an Arrow IPC stream) for each bucket that has rows."""
    ids = batch.column(batch.schema.get_field_index(ITEM_ID)).to_numpy(zero_copy_only=False)
    bucket_of_row: npt.NDArray[np.int64] = np.fromiter(map(item_bucket, ids), np.int64, len(ids))
    ordered = batch.take(pa.array(np.argsort(bucket_of_row, kind="stable")))
    ends = np.cumsum(np.bincount(bucket_of_row, minlength=_NUM_BUCKETS)).tolist()
    for index, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if begin < end:
            yield index, to_bytes(ordered.slice(begin, end - begin))
