"""The candidate table: one row per item, with the item features joined by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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
      available_at: [num_catalogue] int64 seconds since the epoch, UTC; -1 where unknown.
      columns: The item features.
    """

    item_id: npt.NDArray[np.object_]
    available_at: npt.NDArray[np.int64]
    columns: dict[str, Column]


@dataclass(frozen=True)
class CandidateTable:
    """All items that can be recommended. Rows of the vocabulary are first.

    Row `num_items` of each column is the unknown item, whose features are missing. It represents
    padding, and items that are not in the catalogue.

    Attributes:
      item_id: [num_items] bytes. The first `num_vocabulary` items occur in split train, the others
        do not.
      available_at: [num_items] int64 seconds since the epoch, UTC; -1 where unknown.
      num_vocabulary: The number of items with an id embedding of their own; all others share one.
      columns: The item features after Transform: [num_items + 1] int32 or float32, for bags
        [num_items + 1, width] int32.
    """

    item_id: npt.NDArray[np.object_]
    available_at: npt.NDArray[np.int64]
    num_vocabulary: int
    columns: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.item_id)

    @property
    def missing_row(self) -> int:
        """The row of the unknown item."""
        return len(self.item_id)

    def rows_available_by(self, time_s: int) -> npt.NDArray[np.int32]:
        """Returns the [num_available] rows of the items not known to appear after `time_s`."""
        return np.flatnonzero(self.available_at <= time_s).astype(np.int32)


def read_transformed_catalogue(
    files: list[str], features: Sequence[InputFeature]
) -> TransformedCatalogue:
    """Reads the given features of the transformed catalogue from gzipped TFRecords."""
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
    """Joins the vocabulary and the catalogue by item id.

    Args:
      vocabulary: The items of split train, the most frequent first. The features of an item that is
        not in the catalogue are missing.
      catalogue: The items of the catalogue.
      features: The features to which the columns of the catalogue belong.

    Raises:
      InputError: There is no item at all, or the catalogue contains an item twice.
    """
    row_of = {item: row for row, item in enumerate(vocabulary)}
    item_id = catalogue.item_id
    for item in item_id:
        row_of.setdefault(item, len(row_of))
    if not row_of:
        raise InputError(
            "there is no item to recommend: the catalogue is empty, and split train has no item"
        )
    rows = np.fromiter((row_of[item] for item in item_id), np.int64, len(item_id))
    _check_unique(item_id, rows)
    available_at = np.full(len(row_of), MISSING_INTEGER, np.int64)
    available_at[rows] = catalogue.available_at
    return CandidateTable(
        item_id=np.array(list(row_of), dtype=object),
        available_at=available_at,
        num_vocabulary=len(vocabulary),
        columns={
            name: _in_row_order(catalogue.columns[name], rows, len(row_of) + 1, missing, feature)
            for feature in features
            for name, missing in feature.missing.items()
        },
    )


def _check_unique(item_id: npt.NDArray[np.object_], rows: npt.NDArray[np.int64]) -> None:
    counts = np.bincount(rows)
    if counts.max(initial=0) > 1:
        duplicate = item_id[rows == counts.argmax()][0].decode(errors="replace")
        raise InputError(
            f"the catalogue contains item {duplicate!r} more than once: keep one record per item"
        )


def _in_row_order(
    column: Column,
    rows: npt.NDArray[np.int64],
    num_rows: int,
    missing: float,
    feature: InputFeature,
) -> npt.NDArray[Any]:
    """Returns the column in row order; rows that are not in the catalogue are missing."""
    values = column.padded() if feature.is_bag else column.values
    dtype = np.float32 if values.dtype == np.float32 else np.int32
    ordered = np.full((num_rows, *values.shape[1:]), missing, dtype)
    ordered[rows] = values
    return ordered
