"""Reads Examples artifacts as columns: raw windows, the raw catalogue and the users."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from components.examples.ragged import RaggedColumn, read_ragged
from components.examples.shards import split_files
from schemas import features as f
from schemas import tfmd
from schemas.source_settings import FeatureKind

_DTYPES = {
    schema_pb2.BYTES: tf.string,
    schema_pb2.INT: tf.int64,
    schema_pb2.FLOAT: tf.float32,
}


@dataclass(frozen=True)
class RawWindows:
    """Raw windows as columns; the events of window w are offsets[w]:offsets[w + 1].

    Attributes:
      user_id: [num_windows] bytes.
      user: Each user feature, [num_windows] bytes or float32.
      offsets: [num_windows + 1] int64.
      item_id: [num_events] bytes.
      timestamp: [num_events] int64, seconds since the epoch, UTC.
      event_type: [num_events] bytes.
      value: [num_events] float32.
      is_target: [num_events] bool.
      context: Each context feature, [num_events] bytes or float32.
    """

    user_id: npt.NDArray[np.object_]
    user: dict[str, npt.NDArray[Any]]
    offsets: npt.NDArray[np.int64]
    item_id: npt.NDArray[np.object_]
    timestamp: npt.NDArray[np.int64]
    event_type: npt.NDArray[np.object_]
    value: npt.NDArray[np.float32]
    is_target: npt.NDArray[np.bool_]
    context: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.user_id)


@dataclass(frozen=True)
class RawCatalogue:
    """The raw catalogue as columns.

    Attributes:
      item_id: [num_items] bytes.
      available_at: [num_items] int64, seconds since the epoch, UTC; -1 where unknown.
      features: Each item feature, [num_items] bytes, float32 or int64; of kind `categories`
        [num_items, max_categories] bytes padded with b"".
    """

    item_id: npt.NDArray[np.object_]
    available_at: npt.NDArray[np.int64]
    features: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.item_id)


def read_raw_windows(uri: str, split: str, table: f.FeatureTable) -> RawWindows:
    """Reads one split of the `windows` artifact."""
    columns = _read(split_files(uri, split), tfmd.windows_schema(table))
    lengths = columns[f.ITEM_ID].lengths
    return RawWindows(
        user_id=columns[f.USER_ID].values,
        user={feature.name: columns[feature.key].values for feature in table.user},
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        item_id=columns[f.ITEM_ID].values,
        timestamp=columns[f.TIMESTAMP].values,
        event_type=columns[f.EVENT_TYPE].values,
        value=columns[f.VALUE].values,
        is_target=columns[f.IS_TARGET].values.astype(bool),
        context={feature.name: columns[feature.key].values for feature in table.context},
    )


def read_raw_catalogue(uri: str, table: f.FeatureTable) -> RawCatalogue:
    """Reads the `catalogue` split of the catalogue's examples."""
    columns = _read(split_files(uri, f.CATALOGUE_SPLIT), tfmd.catalogue_schema(table))
    features = {}
    for feature in table.item:
        column = columns[feature.key]
        is_list = feature.kind is FeatureKind.CATEGORIES
        features[feature.name] = _pad(column) if is_list else column.values
    return RawCatalogue(columns[f.ITEM_ID].values, columns[f.AVAILABLE_AT].values, features)


def read_item_ids(uri: str) -> list[str]:
    """Reads only the ids of the items of the catalogue's examples."""
    ids = read_ragged(split_files(uri, f.CATALOGUE_SPLIT), {f.ITEM_ID: tf.string})[f.ITEM_ID]
    return [item.decode("utf-8", "replace") for item in ids.values.tolist()]


def read_users(uri: str, table: f.FeatureTable) -> dict[str, npt.NDArray[Any]]:
    """Reads the `users` split: `user_id` and each user feature, [num_users]."""
    columns = _read(split_files(uri, f.USERS_SPLIT), tfmd.users_schema(table))
    features = {feature.name: columns[feature.key].values for feature in table.user}
    return {f.USER_ID: columns[f.USER_ID].values, **features}


def _read(files: list[str], schema: schema_pb2.Schema) -> dict[str, RaggedColumn]:
    return read_ragged(files, {feature.name: _DTYPES[feature.type] for feature in schema.feature})


def _pad(column: RaggedColumn) -> npt.NDArray[np.object_]:
    """Pads the rows of a column with b"" to [num_rows, max(1, longest row)] bytes."""
    values, lengths = column
    padded = np.full((len(lengths), max(1, lengths.max(initial=0))), b"", dtype=object)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    padded[rows, np.arange(len(values)) - starts[rows]] = values
    return padded
