"""Item-kNN: items with which the same users interacted (Deshpande and Karypis, 2004).

"Item-Based Top-N Recommendation Algorithms", https://doi.org/10.1145/963770.963776.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.matrices import (
    dense_scores,
    history_matrix,
    interaction_matrix,
)
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import EventColumns

MAX_NEIGHBOURS = 100
GRID = (10, 20, 50, MAX_NEIGHBOURS)
# The cost of a user is quadratic in the number of items, and the pairs of a user with thousands of
# items carry little information.
MAX_ITEMS_PER_USER = 500
_ROWS_PER_CHUNK = 1024


@dataclass(frozen=True)
class ItemKnn:
    """Scores an item by its similarity to the items of the history.

    Attributes:
      similarity: [num_items, num_items] float32 CSR; row i holds the neighbours of item i.
      ties: [num_items] float64, orders items with equal scores by popularity.
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


def fit_item_knn(
    train: EventColumns, num_items: int, num_neighbours: int = MAX_NEIGHBOURS
) -> ItemKnn:
    """Computes cosine similarities: |users of i and j| / sqrt(|users of i| · |users of j|).

    For each item, only the `num_neighbours` most similar other items are kept. Users with more than
    MAX_ITEMS_PER_USER target events contribute only their newest ones.

    Args:
      train: Events of the train split.
      num_items: Number of items in the catalogue.
      num_neighbours: Number of neighbours of each item.
    """
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
    return ItemKnn(sparse.vstack(parts, format="csr"), tie_break(training_counts(train, num_items)))


def fit_item_knn_grid(widest: ItemKnn, grid: Sequence[int]) -> Iterator[FittedBaseline]:
    """Derives an item-kNN baseline for each number of neighbours from the one with the most.

    Args:
      widest: A baseline with at least as many neighbours as any value of the grid.
      grid: Numbers of neighbours.
    """
    for num_neighbours in grid:
        similarity = _keep_largest(widest.similarity, num_neighbours)
        yield FittedBaseline(ItemKnn(similarity, widest.ties), {"neighbours": num_neighbours})


def _keep_largest(cosines: sparse.csr_matrix, limit: int) -> sparse.csr_matrix:
    """Keeps the `limit` largest positive values of each row; among ties, lower columns first.

    Returns:
      [rows, columns] float32 CSR.
    """
    cosines.sort_indices()
    block = cosines.tocoo()
    is_positive = block.data > 0.0
    row, column, value = block.row[is_positive], block.col[is_positive], block.data[is_positive]
    # Sort by row and descending cosine with a single float64 key: a cosine is at most 1, so half of
    # it does not reach the next row. Cosines that differ by less than its rounding are ties.
    order = np.argsort(row - 0.5 * value, kind="stable")
    row, column, value = row[order], column[order], value[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < limit
    return sparse.csr_matrix(
        (value[kept].astype(np.float32), (row[kept], column[kept])), shape=cosines.shape
    )
