"""Transformed examples as NumPy columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples.ragged import read_ragged, read_ragged_chunks
from components.trainer.data.features import BAG_PADDING

# Transformed features by name, inside a graph.
Columns = dict[str, tf.Tensor]

# Only the first words of a text are used, so that one very long text does not widen the whole
# candidate table.
MAX_BAG_LENGTH = 64


@dataclass(frozen=True)
class Column:
    """One transformed feature; the values of row r are values[starts[r]:starts[r] + lengths[r]].

    Attributes:
      values: [num_values] of the feature's dtype.
      lengths: [num_rows] int64.
    """

    values: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """The index in `values` at which each row starts, [num_rows] int64."""
        return np.cumsum(self.lengths) - self.lengths

    def padded(self) -> npt.NDArray[np.int32]:
        """Returns [num_rows, width] int32 indices, cut to MAX_BAG_LENGTH, padded by BAG_PADDING."""
        lengths = np.minimum(self.lengths, MAX_BAG_LENGTH)
        rows = np.full((len(lengths), max(1, lengths.max(initial=0))), BAG_PADDING, np.int32)
        column = np.arange(rows.shape[1])
        filled = column < lengths[:, np.newaxis]
        rows[filled] = self.values[(self.starts[:, np.newaxis] + column)[filled]]
        return rows


def pad_bags(bags: tf.SparseTensor) -> tf.Tensor:
    """Returns `Column.padded` in a graph: [num_rows, longest] int64 from left-aligned bags."""
    return tf.sparse.to_dense(bags, default_value=BAG_PADDING)[:, :MAX_BAG_LENGTH]


def read_columns(files: list[str], dtypes: dict[str, tf.DType]) -> dict[str, Column]:
    """Reads the named features of gzipped TFRecords of tf.Examples, in file order."""
    columns = read_ragged(files, dtypes)
    return {name: Column(*column) for name, column in columns.items()}


def read_column_chunks(
    files: list[str], dtypes: dict[str, tf.DType]
) -> Iterator[dict[str, Column]]:
    """Yields the columns of `read_columns` in chunks of rows, the first of which is empty."""
    for chunk in read_ragged_chunks(files, dtypes):
        yield {name: Column(*column) for name, column in chunk.items()}
