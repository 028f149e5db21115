"""A few records that show what a gate found, read from the examples it judges."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils

from components.examples.read import split_files
from schemas.data_settings import RejectsSettings
from schemas.features import AVAILABLE_AT, MISSING_INTEGER, MISSING_TEXT, TIMESTAMP

MAX_RECORDS = 3
MAX_SCANNED = 500_000
_BATCH = 4096

# Values of one feature, [num_values] bytes, float32 or int64 → [num_values] bool: the sought ones.
Sought = Callable[[np.ndarray], np.ndarray]
# Features and which of their values are sought → for each, up to MAX_RECORDS records as text.
FindRecords = Callable[[Mapping[str, Sought]], Mapping[str, Sequence[str]]]


def record_finder(
    uri: str, split: str, schema: schema_pb2.Schema, settings: RejectsSettings
) -> FindRecords:
    """A search through one split of an Examples artifact.

    It reads no further than it must, and MAX_SCANNED examples at most.

    Args:
      uri: The artifact's folder.
      split: The split.
      schema: Of its examples.
      settings: Without `raw` the search finds nothing; longer records are cut.

    Raises:
      InputError: The artifact has no such split (when searching).
    """
    if not settings.raw:
        return no_records
    return partial(_find, uri, split, schema, settings.max_raw_characters)


def no_records(sought: Mapping[str, Sought]) -> dict[str, list[str]]:
    """Finds nothing: where records may not be shown."""
    return {}


def shown(records: Sequence[str]) -> str:
    """Records at the end of a sentence: "; for example {…} | {…}", "" where there are none."""
    return f"; for example {' | '.join(records)}" if records else ""


def _find(
    uri: str,
    split: str,
    schema: schema_pb2.Schema,
    max_characters: int,
    sought: Mapping[str, Sought],
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in sought}
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    ragged = {
        name: tf.io.RaggedFeature(feature.dtype, row_splits_dtype=tf.int64)
        for name, feature in spec.items()
    }
    waiting = dict(sought)
    batches = tf.data.TFRecordDataset(split_files(uri, split), "GZIP").batch(_BATCH)
    for batch in batches.take(math.ceil(MAX_SCANNED / _BATCH)):
        if not waiting:
            break
        columns = tf.io.parse_example(batch, {name: ragged[name] for name in waiting})
        for name, column in columns.items():
            rows = _rows(column, waiting[name])[: MAX_RECORDS - len(found[name])]
            if rows.size:
                whole = tf.io.parse_example(tf.gather(batch, rows), ragged)
                names = [name, *(other for other in ragged if other != name)]
                found[name] += [
                    _text(whole, names, row, max_characters) for row in range(rows.size)
                ]
            if len(found[name]) == MAX_RECORDS:
                del waiting[name]
    return found


def _rows(column: tf.RaggedTensor, sought: Sought) -> np.ndarray:
    """Rows of which a value is sought, ascending."""
    hits = sought(column.flat_values.numpy())
    return np.unique(column.value_rowids().numpy()[hits])


def _text(
    columns: Mapping[str, tf.RaggedTensor], names: Sequence[str], row: int, max_characters: int
) -> str:
    """One row as JSON, in the order of `names`, without what is missing but for the first."""
    values = {name: _plain(name, columns[name][row].numpy()) for name in names}
    known = {name: v for name, v in values.items() if name == names[0] or v is not None}
    text = json.dumps(known, ensure_ascii=False)
    return text if len(text) <= max_characters else f"{text[:max_characters]}… [cut]"


def _plain(name: str, values: np.ndarray) -> Any:
    """JSON values: a single one as it is, several as a list; None where missing."""
    plain = [value for value in (_scalar(name, value) for value in values) if value is not None]
    if not plain:
        return None
    return plain[0] if len(plain) == 1 else plain


def _scalar(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        return None if text == MISSING_TEXT else text
    if isinstance(value, np.integer):
        if name in (TIMESTAMP, AVAILABLE_AT):
            return None if value == MISSING_INTEGER else _instant(int(value))
        return int(value)
    # The shortest text that gives the float32 back, rather than its digits as a float64.
    return None if np.isnan(value) else float(str(value))


def _instant(timestamp_s: int) -> str | int:
    try:
        return datetime.fromtimestamp(timestamp_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return timestamp_s
