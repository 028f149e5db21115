"""Searches the examples for a few records that illustrate the finding of a gate."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils

from components.examples.shards import split_files
from schemas.features import AVAILABLE_AT, MISSING_INTEGER, MISSING_TEXT, TIMESTAMP
from schemas.privacy_settings import RejectsSettings

MAX_RECORDS = 3
MAX_SCANNED = 500_000
_BATCH_SIZE = 4096

# Maps the values of one feature, [num_values] object (bytes), float32 or int64, to a [num_values]
# bool mask of the values to search for.
ValueMatcher = Callable[[npt.NDArray[Any]], npt.NDArray[np.bool_]]
# Maps features and their matchers to up to MAX_RECORDS records with a matching value, as text.
RecordFinder = Callable[[Mapping[str, ValueMatcher]], Mapping[str, Sequence[str]]]


def record_finder(
    uri: str,
    split: str,
    schema: schema_pb2.Schema,
    settings: RejectsSettings,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> RecordFinder:
    """Returns a function that searches one split of an Examples artifact.

    The search stops as soon as it has found enough records, and after MAX_SCANNED examples.

    Args:
      uri: The artifact's folder.
      split: The split.
      schema: The schema of its examples.
      settings: If `raw` is off, the search returns no records; otherwise longer records are cut to
        `max_raw_characters`.
      labels: The label of each feature of the configuration, by key.

    Raises:
      InputError: The artifact has no such split (raised by the search).
    """
    if not settings.raw:
        return find_no_records
    return partial(_find_records, uri, split, schema, settings.max_raw_characters, labels)


def find_no_records(matchers: Mapping[str, ValueMatcher]) -> dict[str, list[str]]:
    """Returns no records, for configurations that do not allow records to be shown."""
    return {}


def format_records(records: Sequence[str]) -> str:
    """Formats records as the end of a sentence: "; for example {…} | {…}", "" for no records."""
    return f"; for example {' | '.join(records)}" if records else ""


def _find_records(
    uri: str,
    split: str,
    schema: schema_pb2.Schema,
    max_characters: int,
    labels: Mapping[str, str],
    matchers: Mapping[str, ValueMatcher],
) -> dict[str, list[str]]:
    records: dict[str, list[str]] = {name: [] for name in matchers}
    spec = schema_utils.schema_as_feature_spec(schema).feature_spec
    ragged = {
        name: tf.io.RaggedFeature(feature.dtype, row_splits_dtype=tf.int64)
        for name, feature in spec.items()
    }
    unfinished = dict(matchers)
    batches = tf.data.TFRecordDataset(split_files(uri, split), "GZIP").batch(_BATCH_SIZE)
    for batch in batches.take(math.ceil(MAX_SCANNED / _BATCH_SIZE)):
        if not unfinished:
            break
        columns = tf.io.parse_example(batch, {name: ragged[name] for name in unfinished})
        for name, column in columns.items():
            rows = _matching_rows(column, unfinished[name])[: MAX_RECORDS - len(records[name])]
            if rows.size:
                examples = tf.io.parse_example(tf.gather(batch, rows), ragged)
                names = [name, *(other for other in ragged if other != name)]
                records[name] += [
                    _format_record(examples, names, row, max_characters, labels)
                    for row in range(rows.size)
                ]
            if len(records[name]) == MAX_RECORDS:
                del unfinished[name]
    return records


def _matching_rows(column: tf.RaggedTensor, matches: ValueMatcher) -> npt.NDArray[np.int64]:
    """Returns the rows with at least one matching value, ascending."""
    mask = matches(column.flat_values.numpy())
    return np.unique(column.value_rowids().numpy()[mask])


def _format_record(
    columns: Mapping[str, tf.RaggedTensor],
    names: Sequence[str],
    row: int,
    max_characters: int,
    labels: Mapping[str, str],
) -> str:
    """Formats one row as JSON in the order of `names`, without missing values but the first."""
    values = {name: _to_json(name, columns[name][row].numpy()) for name in names}
    present = {name: v for name, v in values.items() if name == names[0] or v is not None}
    labelled = {labels.get(name, name): value for name, value in present.items()}
    text = json.dumps(labelled, ensure_ascii=False)
    return text if len(text) <= max_characters else f"{text[:max_characters]}… [cut]"


def _to_json(name: str, values: npt.NDArray[Any]) -> Any:
    """Returns a single value as a scalar, several as a list, and None if all are missing."""
    scalars = [scalar for value in values if (scalar := _scalar(name, value)) is not None]
    if not scalars:
        return None
    return scalars[0] if len(scalars) == 1 else scalars


def _scalar(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
        return None if text == MISSING_TEXT else text
    if isinstance(value, np.integer):
        if name in (TIMESTAMP, AVAILABLE_AT):
            return None if value == MISSING_INTEGER else _format_time(int(value))
        return int(value)
    # `str` gives the shortest digits that round-trip as float32, e.g. 0.1.
    return None if np.isnan(value) else float(str(value))


def _format_time(timestamp_s: int) -> str | int:
    try:
        return datetime.fromtimestamp(timestamp_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return timestamp_s
