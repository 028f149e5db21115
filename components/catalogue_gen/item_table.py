"""Items as Arrow tables: what travels between the Beam steps, cut by item into buckets."""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from components.records.arrow_rows import PLACE, TEXT, to_bytes
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

_NUM_BUCKETS = 64
_TYPES = {
    FeatureKind.NUMBER: pa.float64(),
    FeatureKind.TIMESTAMP: pa.int64(),
    FeatureKind.CATEGORIES: pa.list_(pa.string()),
    FeatureKind.CATEGORY: pa.string(),
    FeatureKind.TEXT: pa.string(),
}


def items_schema(features: Sequence[Feature]) -> pa.Schema:
    """One row of the items files: its item, its place, its text, whether it can be read, seconds
    since the epoch, and its features by `feature_column`.

    Of a row that cannot be read the values mean nothing: it tells that its item had one.
    """
    columns = [
        (ITEM_ID, pa.string()),
        (PLACE, pa.int64()),
        (TEXT, pa.string()),
        (IS_READABLE, pa.bool_()),
        (AVAILABLE_AT, pa.int64()),
        *((feature_column(feature), _TYPES[feature.kind]) for feature in features),
    ]
    return pa.schema(columns)


def feature_column(feature: Feature) -> str:
    """The column of a feature: no other column begins so."""
    return f"feature.{feature.name}"


def without_content(item_ids: pa.StringArray, features: Sequence[Feature]) -> pa.Table:
    """Items of which only the id is known; `items_schema` without place, text and readability."""
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


def bucket(item_id: str) -> int:
    """The bucket of an item, the same on every worker."""
    return zlib.crc32(item_id.encode()) % _NUM_BUCKETS


def by_bucket(batch: pa.RecordBatch) -> Iterator[tuple[int, bytes]]:
    """Cuts a batch by item: (bucket, its rows as bytes)."""
    ids = batch.column(batch.schema.get_field_index(ITEM_ID)).to_numpy(zero_copy_only=False)
    of_row = np.fromiter(map(bucket, ids), np.int64, len(ids))
    ordered = batch.take(pa.array(np.argsort(of_row, kind="stable")))
    ends = np.cumsum(np.bincount(of_row, minlength=_NUM_BUCKETS)).tolist()
    for index, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        if begin < end:
            yield index, to_bytes(ordered.slice(begin, end - begin))
