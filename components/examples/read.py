"""Reads the example artifacts back as columns, for the steps that replay or look things up."""

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils

from schemas import features as f
from schemas import tfmd
from schemas.errors import InputError
from schemas.source_settings import FeatureKind

_PARSE_BATCH = 4096
_SHARDS = re.compile(r"-\d{5}-of-(\d{5})")


@dataclass(frozen=True)
class RawWindows:
    """Raw windows as columns; events of window w stand at offsets[w]:offsets[w + 1].

    Attributes:
      user_id: [num_windows] bytes.
      user: Each user feature, [num_windows] bytes or float32.
      offsets: [num_windows + 1] int64.
      item_id: [num_events] bytes.
      timestamp: [num_events] int64, seconds UTC.
      event_type: [num_events] bytes.
      value: [num_events] float32.
      is_target: [num_events] bool.
      context: Each context feature, [num_events] bytes or float32.
    """

    user_id: np.ndarray
    user: dict[str, np.ndarray]
    offsets: np.ndarray
    item_id: np.ndarray
    timestamp: np.ndarray
    event_type: np.ndarray
    value: np.ndarray
    is_target: np.ndarray
    context: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.user_id)


@dataclass(frozen=True)
class RawCatalogue:
    """The raw catalogue as columns.

    Attributes:
      item_id: [num_items] bytes.
      available_at: [num_items] int64, seconds UTC; -1 where unknown.
      features: By name: [num_items] bytes, float32 or int64, or for `categories`
        [num_items, max_categories] bytes padded with b"".
    """

    item_id: np.ndarray
    available_at: np.ndarray
    features: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.item_id)


def split_files(uri: str, split: str) -> list[str]:
    """The TFRecord files of one split of an Examples artifact, sorted.

    Raises:
      InputError: There are none, or not as many as their names say.
    """
    pattern = os.path.join(uri, f"Split-{split}", "*")
    files = sorted(tf.io.gfile.glob(pattern))
    if not files:
        raise InputError(f"no example files match {pattern}")
    promised = _SHARDS.search(files[0])
    if promised and int(promised[1]) != len(files):
        raise InputError(
            f"{pattern}: {len(files)} of {int(promised[1])} shards are there; the run that wrote "
            "them was stopped: delete the folder and run again"
        )
    return files


def read_raw_windows(uri: str, split: str, table: f.FeatureTable) -> RawWindows:
    """Reads one split of the `windows` artifact."""
    columns = _read(split_files(uri, split), tfmd.windows_schema(table))
    lengths = columns[f.ITEM_ID][1]
    return RawWindows(
        user_id=columns[f.USER_ID][0],
        user={feature.name: columns[feature.name][0] for feature in table.user},
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item_id=columns[f.ITEM_ID][0],
        timestamp=columns[f.TIMESTAMP][0],
        event_type=columns[f.EVENT_TYPE][0],
        value=columns[f.VALUE][0],
        is_target=columns[f.IS_TARGET][0].astype(bool),
        context={feature.name: columns[feature.name][0] for feature in table.context},
    )


def read_raw_catalogue(uri: str, table: f.FeatureTable) -> RawCatalogue:
    """Reads the `catalogue` split of the catalogue's examples."""
    columns = _read(split_files(uri, f.CATALOGUE_SPLIT), tfmd.catalogue_schema(table))
    features = {}
    for feature in table.item:
        values, lengths = columns[feature.name]
        is_list = feature.kind is FeatureKind.CATEGORIES
        features[feature.name] = _padded(values, lengths) if is_list else values
    return RawCatalogue(columns[f.ITEM_ID][0], columns[f.AVAILABLE_AT][0], features)


def read_users(uri: str, table: f.FeatureTable) -> dict[str, np.ndarray]:
    """Reads the `users` split: `user_id` and each user feature, [num_users]."""
    columns = _read(split_files(uri, f.USERS_SPLIT), tfmd.users_schema(table))
    return {name: values for name, (values, _) in columns.items()}


def _read(files: list[str], schema: schema_pb2.Schema) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each feature as (flat values, values per row)."""
    dtypes = {
        name: spec.dtype
        for name, spec in schema_utils.schema_as_feature_spec(schema).feature_spec.items()
    }
    ragged = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    parts: dict[str, list[Any]] = {name: [] for name in dtypes}
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_PARSE_BATCH):
        parsed = tf.io.parse_example(batch, ragged)
        for name, value in parsed.items():
            parts[name].append((value.flat_values.numpy(), value.row_lengths().numpy()))
    return {name: _joined(chunks, dtypes[name]) for name, chunks in parts.items()}


def _joined(
    chunks: list[tuple[np.ndarray, np.ndarray]], dtype: tf.DType
) -> tuple[np.ndarray, np.ndarray]:
    if not chunks:
        return np.empty(0, dtype.as_numpy_dtype), np.empty(0, np.int64)
    values, lengths = zip(*chunks, strict=True)
    return np.concatenate(values), np.concatenate(lengths)


def _padded(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """[num_rows, max(1, longest)] bytes, padded with b""."""
    padded = np.full((len(lengths), max(1, lengths.max(initial=0))), b"", dtype=object)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    padded[rows, np.arange(len(values)) - starts[rows]] = values
    return padded
