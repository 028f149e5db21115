"""Reads transformed examples as NumPy columns."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.trainer.data.features import BAG_PADDING

# Transformed features by name, inside a graph.
Columns = dict[str, tf.Tensor]

_PARSE_BATCH = 4096

# A text counts by its first words: one huge text must not widen the whole candidate table.
MAX_BAG_LENGTH = 64


@dataclass(frozen=True)
class Column:
    """One transformed feature: row r holds values[starts[r]:starts[r] + lengths[r]].

    Attributes:
      values: [num_values] of the feature's dtype.
      lengths: [num_rows] int64.
    """

    values: np.ndarray
    lengths: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """[num_rows] int64: where each row begins in `values`."""
        return np.cumsum(self.lengths) - self.lengths

    def padded(self) -> np.ndarray:
        """[num_rows, width] int32 of indices, cut to MAX_BAG_LENGTH, padded by BAG_PADDING."""
        lengths = np.minimum(self.lengths, MAX_BAG_LENGTH)
        rows = np.full((len(lengths), max(1, lengths.max(initial=0))), BAG_PADDING, np.int32)
        column = np.arange(rows.shape[1])
        filled = column < lengths[:, np.newaxis]
        rows[filled] = self.values[(self.starts[:, np.newaxis] + column)[filled]]
        return rows


def pad_bags(bags: tf.SparseTensor) -> tf.Tensor:
    """As `Column.padded`, in a graph: [num_rows, longest] int64 from a left-aligned sparse."""
    return tf.sparse.to_dense(bags, default_value=BAG_PADDING)[:, :MAX_BAG_LENGTH]


def read_columns(files: list[str], dtypes: dict[str, tf.DType]) -> dict[str, Column]:
    """Reads the named features of gzipped TFRecords of tf.Examples, in file order."""
    spec = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in dtypes}
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_PARSE_BATCH):
        for name, value in tf.io.parse_example(batch, spec).items():
            parts[name].append((value.flat_values.numpy(), value.row_lengths().numpy()))
    return {name: _joined(chunks, dtypes[name]) for name, chunks in parts.items()}


def _joined(chunks: list[tuple[np.ndarray, np.ndarray]], dtype: tf.DType) -> Column:
    if not chunks:
        return Column(np.empty(0, dtype.as_numpy_dtype), np.empty(0, np.int64))
    values, lengths = zip(*chunks, strict=True)
    return Column(np.concatenate(values), np.concatenate(lengths))
