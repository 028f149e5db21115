"""The candidate table: one row an item, content joined by id."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.trainer.columns import Column, read_columns
from components.trainer.features import InputFeature
from schemas.data_settings import FeatureKind
from schemas.errors import InputError
from schemas.features import ITEM_ID
from schemas.transformed import bucket_name


@dataclass(frozen=True)
class CandidateTable:
    """Every item that can be recommended, vocabulary rows first.

    Row `num_items` of each column is an item of which nothing is known: padding, and items that
    the catalogue lacks.

    Attributes:
      item_id: [num_items] bytes. The first `num_vocabulary` occur in training, the others do not.
      num_vocabulary: Items with an id embedding of their own; all others share one.
      columns: The item features after Transform: [num_items + 1] int32 or float32, for bags
        [num_items + 1, width] int32.
    """

    item_id: np.ndarray
    num_vocabulary: int
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.item_id)

    @property
    def missing_row(self) -> int:
        """The row of an unknown item."""
        return len(self.item_id)


def read_catalogue(
    files: list[str], features: Sequence[InputFeature]
) -> tuple[np.ndarray, dict[str, Column]]:
    """Reads the transformed catalogue: item ids, [num_items] bytes, and feature columns."""
    dtypes: dict[str, tf.DType] = {ITEM_ID: tf.string}
    for feature in features:
        is_number = feature.kind is FeatureKind.NUMBER
        dtypes[feature.name] = tf.float32 if is_number else tf.int64
        if is_number:
            dtypes[bucket_name(feature.name)] = tf.int64
    columns = read_columns(files, dtypes)
    return columns.pop(ITEM_ID).values, columns


def candidate_table(
    vocabulary: Sequence[bytes],
    item_id: np.ndarray,
    columns: dict[str, Column],
    features: Sequence[InputFeature],
) -> CandidateTable:
    """Lays the catalogue out in rows.

    Args:
      vocabulary: The items of the train split, the most frequent first. One that the catalogue
        lacks has no content.
      item_id: [num_catalogue] bytes, the catalogue's items.
      columns: The catalogue's transformed features, aligned with `item_id`.
      features: The features that `columns` holds.

    Raises:
      InputError: There is no item at all, or the catalogue has an item twice.
    """
    row_of = {item: row for row, item in enumerate(vocabulary)}
    for item in item_id:
        row_of.setdefault(item, len(row_of))
    if not row_of:
        raise InputError("the catalogue is empty and nothing was trained on: there is no item")
    rows = np.fromiter((row_of[item] for item in item_id), np.int64, len(item_id))
    _check_unique(item_id, rows)
    return CandidateTable(
        item_id=np.array(list(row_of), dtype=object),
        num_vocabulary=len(vocabulary),
        columns={
            name: _scattered(columns[name], rows, len(row_of) + 1, missing, feature)
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
