"""Reads TFRecord files of tf.Examples as NumPy columns with a varying number of values per row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

_PARSE_BATCH = 4096


class RaggedColumn(NamedTuple):
    """One feature of all examples.

    Attributes:
      values: [num_values], the values of all rows one after another, in the dtype of the feature
        (object arrays of bytes for tf.string).
      lengths: [num_rows] int64, the number of values in each row.
    """

    values: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]


def read_ragged(files: Sequence[str], dtypes: Mapping[str, tf.DType]) -> dict[str, RaggedColumn]:
    """Reads the named features of gzipped TFRecords of tf.Examples, in file order.

    Args:
      files: The files.
      dtypes: The dtype of each feature to read.

    Returns:
      A column per feature; a row without the feature has length 0.
    """
    spec = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    # The empty arrays set the dtypes of columns without any row.
    values: dict[str, list[npt.NDArray[Any]]] = {
        name: [np.empty(0, dtype.as_numpy_dtype)] for name, dtype in dtypes.items()
    }
    lengths: dict[str, list[npt.NDArray[np.int64]]] = {
        name: [np.empty(0, np.int64)] for name in dtypes
    }
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_PARSE_BATCH):
        for name, column in tf.io.parse_example(batch, spec).items():
            values[name].append(column.flat_values.numpy())
            lengths[name].append(column.row_lengths().numpy())
    return {
        name: RaggedColumn(np.concatenate(values[name]), np.concatenate(lengths[name]))
        for name in dtypes
    }
