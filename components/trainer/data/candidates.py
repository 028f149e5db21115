"""The candidate table: one row an item, content joined by id."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.trainer.data.columns import Column, read_columns
from components.trainer.data.features import InputFeature
from schemas.errors import InputError
from schemas.features import AVAILABLE_AT, ITEM_ID, MISSING_INTEGER
from schemas.source_settings import FeatureKind
from schemas.transformed import bucket_name


@dataclass(frozen=True)
class TransformedCatalogue:
    """The catalogue after Transform, in file order.

    Attributes:
      item_id: [num_catalogue] bytes.
      available_at: [num_catalogue] int64 seconds UTC, -1 where unknown.
      columns: The item features.
    """

    item_id: np.ndarray
    available_at: np.ndarray
    columns: dict[str, Column]


@dataclass(frozen=True)
class CandidateTable:
    """Every item that can be recommended, vocabulary rows first.

    Row `num_items` of each column is an item of which nothing is known: padding, and items that
    the catalogue lacks.

    Attributes:
      item_id: [num_items] bytes. The first `num_vocabulary` occur in training, the others do not.
      available_at: [num_items] int64 seconds UTC, -1 where unknown.
      num_vocabulary: Items with an id embedding of their own; all others share one.
      columns: The item features after Transform: [num_items + 1] int32 or float32, for bags
        [num_items + 1, width] int32.
    """

    item_id: np.ndarray
    available_at: np.ndarray
    num_vocabulary: int
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.item_id)

    @property
    def missing_row(self) -> int:
        """The row of an unknown item."""
        return len(self.item_id)

    def rows_available_by(self, time_s: int) -> np.ndarray:
        """[num_available] int32 rows of the items not known to appear after `time_s`."""
        return np.flatnonzero(self.available_at <= time_s).astype(np.int32)


def read_catalogue(files: list[str], features: Sequence[InputFeature]) -> TransformedCatalogue:
    """Reads the transformed catalogue: gzipped TFRecords with the given features."""
    dtypes: dict[str, tf.DType] = {ITEM_ID: tf.string, AVAILABLE_AT: tf.int64}
    for feature in features:
        is_number = feature.kind is FeatureKind.NUMBER
        dtypes[feature.name] = tf.float32 if is_number else tf.int64
        if is_number:
            dtypes[bucket_name(feature.name)] = tf.int64
    columns = read_columns(files, dtypes)
    item_id, available_at = columns.pop(ITEM_ID).values, columns.pop(AVAILABLE_AT).values
    return TransformedCatalogue(item_id, available_at, columns)


def candidate_table(
    vocabulary: Sequence[bytes],
    catalogue: TransformedCatalogue,
    features: Sequence[InputFeature],
) -> CandidateTable:
    """Lays the catalogue out in rows.

    Args:
      vocabulary: The items of the train split, the most frequent first. One that the catalogue
        lacks has no content.
      catalogue: The catalogue's items.
      features: The features that the catalogue's columns hold.

    Raises:
      InputError: There is no item at all, or the catalogue has an item twice.
    """
    row_of = {item: row for row, item in enumerate(vocabulary)}
    item_id = catalogue.item_id
    for item in item_id:
        row_of.setdefault(item, len(row_of))
    if not row_of:
        raise InputError("the catalogue is empty and nothing was trained on: there is no item")
    rows = np.fromiter((row_of[item] for item in item_id), np.int64, len(item_id))
    _check_unique(item_id, rows)
    available_at = np.full(len(row_of), MISSING_INTEGER, np.int64)
    available_at[rows] = catalogue.available_at
    return CandidateTable(
        item_id=np.array(list(row_of), dtype=object),
        available_at=available_at,
        num_vocabulary=len(vocabulary),
        columns={
            name: _scattered(catalogue.columns[name], rows, len(row_of) + 1, missing, feature)
            for feature in features
            for name, missing in feature.missing.items()
        },
    )


def _check_unique(item_id: np.ndarray, rows: np.ndarray) -> None:
    counts = np.bincount(rows)
    if counts.max(initial=0) > 1:
        twice = item_id[rows == counts.argmax()][0].decode(errors="replace")
        raise InputError(f"the catalogue holds item {twice!r} more than once: keep one record")


def _scattered(
    column: Column, rows: np.ndarray, num_rows: int, missing: float, feature: InputFeature
) -> np.ndarray:
    """The column in row order; rows that the catalogue lacks are missing."""
    values = column.padded() if feature.is_bag else column.values
    dtype = np.float32 if values.dtype == np.float32 else np.int32
    scattered = np.full((num_rows, *values.shape[1:]), missing, dtype)
    scattered[rows] = values
    return scattered
