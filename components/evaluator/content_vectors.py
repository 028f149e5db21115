"""Content vectors of items: sparse one-hot encodings of their category features."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from components.examples.read import RawCatalogue
from schemas.features import FeatureTable


def content_vectors(catalogue: RawCatalogue, table: FeatureTable) -> sparse.csr_matrix | None:
    """Encodes the category features of each item, with one dimension per value of each feature.

    Args:
      catalogue: The candidates.
      table: The features; `item_filters` are those of kind `category` or `categories`.

    Returns:
      [num_items, num_tokens] float64, rows of length 1, or of length 0 for items without values;
      None if the catalogue has no category feature.
    """
    if not table.item_filters:
        return None
    features = [_one_hot(catalogue.features[feature.name]) for feature in table.item_filters]
    ones = sparse.hstack(features).tocsr()
    length = np.sqrt(np.asarray(ones.multiply(ones).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return (sparse.diags(scale) @ ones).tocsr()


def _one_hot(values: npt.NDArray[Any]) -> sparse.csr_matrix:
    """Encodes [num_items] or [num_items, width] bytes as [num_items, num_values] of 0 and 1."""
    cells = values.reshape(len(values), -1)
    row, column = np.nonzero(cells != b"")
    code, known = pd.factorize(cells[row, column])
    ones = np.ones(len(row))
    matrix = sparse.csr_matrix((ones, (row, code)), shape=(len(values), max(1, len(known))))
    matrix.data[:] = 1.0
    return matrix
