"""What items are about, as sparse vectors."""

import numpy as np
import pandas as pd
from scipy import sparse

from components.examples.read import RawCatalogue
from schemas.features import FeatureTable


def content_vectors(catalogue: RawCatalogue, table: FeatureTable) -> sparse.csr_matrix | None:
    """One dimension for each value of each category feature, rows scaled to length 1.

    Args:
      catalogue: The candidates.
      table: Which of their features hold categories.

    Returns:
      [num_items, num_tokens] float64, a row of 0 for an item without content; None where the
      catalogue has no feature of kind `category` or `categories`.
    """
    if not table.item_filters:
        return None
    features = [_one_hot(catalogue.features[feature.name]) for feature in table.item_filters]
    ones = sparse.hstack(features).tocsr()
    length = np.sqrt(np.asarray(ones.multiply(ones).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return (sparse.diags(scale) @ ones).tocsr()


def _one_hot(values: np.ndarray) -> sparse.csr_matrix:
    """[num_items, num_values] of 0 and 1 for values [num_items] or [num_items, width] bytes."""
    cells = values.reshape(len(values), -1)
    row, column = np.nonzero(cells != b"")
    code, known = pd.factorize(cells[row, column])
    ones = np.ones(len(row))
    matrix = sparse.csr_matrix((ones, (row, code)), shape=(len(values), max(1, len(known))))
    matrix.data[:] = 1.0
    return matrix
