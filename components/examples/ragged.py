"""Reads TFRecord files of tf.Examples as NumPy columns with a varying number of values per row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

# With histories of a thousand events, a chunk takes about 100 MB.
_ROWS_PER_CHUNK = 1024


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
    chunks = list(read_ragged_chunks(files, dtypes))
    return {
        name: RaggedColumn(
            np.concatenate([chunk[name].values for chunk in chunks]),
            np.concatenate([chunk[name].lengths for chunk in chunks]),
        )
        for name in dtypes
    }


def read_ragged_chunks(
    files: Sequence[str], dtypes: Mapping[str, tf.DType]
) -> Iterator[dict[str, RaggedColumn]]:
    """Yields the columns of `read_ragged` in chunks of rows, the first of which is empty."""
    spec = {
        name: tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
        for name, dtype in dtypes.items()
    }
    # The empty chunk has the dtypes of columns without any row.
    yield {
        name: RaggedColumn(np.empty(0, dtype.as_numpy_dtype), np.empty(0, np.int64))
        for name, dtype in dtypes.items()
    }
    for batch in tf.data.TFRecordDataset(files, "GZIP").batch(_ROWS_PER_CHUNK):
        yield {
            name: RaggedColumn(column.flat_values.numpy(), column.row_lengths().numpy())
            for name, column in tf.io.parse_example(batch, spec).items()
        }
