"""Item-kNN: items with which the same users interacted (Deshpande and Karypis, 2004).

"Item-Based Top-N Recommendation Algorithms", https://doi.org/10.1145/963770.963776.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import Baseline, FittedBaseline
from components.evaluator.baselines.matrices import (
    dense_scores,
    history_matrix,
    interaction_matrix,
)
from components.evaluator.columns import EventColumns

NEIGHBOURS = "neighbours"
DEFAULT_NEIGHBOURS = 100
_NEIGHBOURS = (2, 10, 50, 200, 1000)
# 200 MB of similarities, of which at most three copies are in memory. A catalogue of 250,000 items
# has at most 100 neighbours per item, which any larger catalogue has too.
_MAX_SIMILARITIES = 25_000_000
_ALWAYS_ALLOWED = 100
# The cost of a user is quadratic in the number of items, and the pairs of a user with thousands of
# items carry little information.
MAX_ITEMS_PER_USER = 500
_ROWS_PER_CHUNK = 1024


@dataclass(frozen=True)
class ItemKnn:
    """Scores an item by its similarity to the items of the history.

    Attributes:
      similarity: [num_items, num_items] float32 CSR; row i holds the neighbours of item i, the most
        similar one first.
      ties: [num_items] float64, orders items with equal scores.
    """

    similarity: sparse.csr_matrix
    ties: npt.NDArray[np.float64]

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """score(j) = sum of similarity[i, j] over the distinct items i of the history."""
        return dense_scores(history_matrix(history, len(self.ties)), self.similarity, self.ties)


@dataclass(frozen=True)
class LastItem:
    """Scores an item by its similarity to the newest item of the history.

    Attributes:
      neighbours: The item-kNN baseline that provides the similarities.
    """

    neighbours: ItemKnn

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """score(j) = similarity[newest item of the history, j]."""
        return self.neighbours.scores(history[:, :1])


def neighbours_axis(num_items: int) -> Axis:
    """The numbers of neighbours to search, up to all other items or the limit of memory."""
    allowed = max(_ALWAYS_ALLOWED, _MAX_SIMILARITIES // max(1, num_items))
    highest = max(1, min(num_items - 1, allowed))
    return Axis.within(NEIGHBOURS, _NEIGHBOURS, 1, highest, is_integer=True)


class SimilarityTable:
    """The most similar items of each item, for any number of neighbours."""

    def __init__(self, train: EventColumns, ties: npt.NDArray[np.float64]):
        """Computes no similarity yet.

        Args:
          train: Events of the train split.
          ties: [num_items] float64, orders items with equal scores.
        """
        self._train = train
        self._ties = ties
        self._widest: ItemKnn | None = None
        self._width = 0

    def fit_grid(
        self, grid: Sequence[int], make: Callable[[ItemKnn], Baseline]
    ) -> Iterator[FittedBaseline]:
        """Fits a baseline for each number of neighbours.

        The similarities are computed once, and again only for more neighbours.

        Args:
          grid: Numbers of neighbours.
          make: Makes the baseline from the similarities.
        """
        if self._widest is None or max(grid) > self._width:
            self._width = max(grid)
            self._widest = fit_item_knn(self._train, self._ties, self._width)
        for num_neighbours in grid:
            similarity = _first_of_each_row(self._widest.similarity, num_neighbours)
            baseline = make(ItemKnn(similarity, self._ties))
            yield FittedBaseline(baseline, {NEIGHBOURS: num_neighbours})


def fit_item_knn(
    train: EventColumns, ties: npt.NDArray[np.float64], num_neighbours: int
) -> ItemKnn:
    """Computes cosine similarities: |users of i and j| / sqrt(|users of i| · |users of j|).

    For each item, only the `num_neighbours` most similar other items are kept. Users with more than
    MAX_ITEMS_PER_USER target events contribute only their newest ones.

    Args:
      train: Events of the train split.
      ties: [num_items] float64, orders items with equal scores.
      num_neighbours: Number of neighbours of each item.
    """
    num_items = len(ties)
    users_items = interaction_matrix(train, num_items, MAX_ITEMS_PER_USER).astype(np.float64)
    num_users = np.asarray(users_items.sum(axis=0)).ravel()
    scale = sparse.diags(1.0 / np.sqrt(np.maximum(1.0, num_users)))
    normalised = (users_items @ scale).tocsr()
    by_item = normalised.T.tocsr()
    parts = []
    for first in range(0, num_items, _ROWS_PER_CHUNK):
        cosines = (by_item[first : first + _ROWS_PER_CHUNK] @ normalised).tocoo()
        cosines.data[cosines.row + first == cosines.col] = 0.0
        parts.append(_keep_largest(cosines.tocsr(), num_neighbours))
    return ItemKnn(_stacked(parts, num_items), ties)


def _keep_largest(cosines: sparse.csr_matrix, limit: int) -> sparse.csr_matrix:
    """Keeps the `limit` largest positive values of each row; among ties, lower columns first.

    Returns:
      [rows, columns] float32 CSR, the values of each row in descending order.
    """
    cosines.sort_indices()
    block = cosines.tocoo()
    is_positive = block.data > 0.0
    row, column, value = block.row[is_positive], block.col[is_positive], block.data[is_positive]
    # Sort by row and descending cosine with a single float64 key: a cosine is at most 1, so half of
    # it does not reach the next row. Cosines that differ by less than its rounding are ties.
    order = np.argsort(row - 0.5 * value, kind="stable")
    row, column, value = row[order], column[order], value[order]
    offsets = np.searchsorted(row, np.arange(cosines.shape[0] + 1))
    return _first_of_each_row(_csr(value.astype(np.float32), column, offsets, cosines.shape), limit)


def _first_of_each_row(matrix: sparse.csr_matrix, limit: int) -> sparse.csr_matrix:
    """Keeps the first `limit` values of each row, in the order in which they are stored."""
    lengths = np.diff(matrix.indptr)
    kept = np.arange(matrix.nnz) - np.repeat(matrix.indptr[:-1], lengths) < limit
    offsets = np.concatenate([[0], np.cumsum(np.minimum(lengths, limit))])
    return _csr(matrix.data[kept], matrix.indices[kept], offsets, matrix.shape)


def _stacked(parts: Sequence[sparse.csr_matrix], num_columns: int) -> sparse.csr_matrix:
    """Stacks matrices vertically without a change of the order in their rows."""
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    return _csr(
        np.concatenate([part.data for part in parts]),
        np.concatenate([part.indices for part in parts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        (len(lengths), num_columns),
    )


def _csr(
    values: npt.NDArray[np.float32],
    columns: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    shape: tuple[int, int],
) -> sparse.csr_matrix:
    """A matrix with the values of each row in the given order, which SciPy keeps."""
    return sparse.csr_matrix((values, columns, offsets), shape=shape)
