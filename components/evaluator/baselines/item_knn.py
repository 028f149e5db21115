"""Item-kNN: items that the same users interacted with (Deshpande and Karypis, 2004)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from components.evaluator.baselines.baseline import Fitted
from components.evaluator.baselines.linear import (
    dense_scores,
    history_matrix,
    interaction_matrix,
)
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import EventColumns

MAX_NEIGHBOURS = 100
GRID = (10, 20, 50, MAX_NEIGHBOURS)
# A user with thousands of items costs their square and says little about any pair of them.
MAX_ITEMS_PER_USER = 500
_ROWS_PER_CHUNK = 1024


@dataclass(frozen=True)
class ItemKnn:
    """Scores an item by its similarity to the items of the history.

    Attributes:
      similarity: [num_items, num_items] float32 CSR; row i holds the neighbours of item i.
      ties: [num_items] float64, orders items of equal score by popularity.
    """

    similarity: sparse.csr_matrix
    ties: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = sum over the distinct items i of the history of similarity[i, j]."""
        return dense_scores(history_matrix(history, len(self.ties)), self.similarity, self.ties)


@dataclass(frozen=True)
class LastItem:
    """Scores an item by its similarity to the newest item of the history alone.

    Attributes:
      neighbours: Fitted on the same events.
    """

    neighbours: ItemKnn

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = similarity[newest item of the history, j]."""
        return self.neighbours.scores(history[:, :1])


def fit_item_knn(
    train: EventColumns, num_items: int, num_neighbours: int = MAX_NEIGHBOURS
) -> ItemKnn:
    """Cosine of co-occurrence: |users of i and j| / sqrt(|users of i| · |users of j|).

    Every item keeps its `num_neighbours` most similar others. Of a user with more than
    MAX_ITEMS_PER_USER events only the newest so many are counted.
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
        parts.append(_strongest(cosines.tocsr(), num_neighbours))
    return ItemKnn(sparse.vstack(parts, format="csr"), tie_break(training_counts(train, num_items)))


def fit_item_knn_grid(widest: ItemKnn, grid: Sequence[int]) -> Iterator[Fitted]:
    """Cuts the neighbours of each item to each number of a grid.

    Args:
      widest: Fitted with at least as many neighbours.
      grid: Numbers of neighbours.
    """
    for limit in grid:
        cut = ItemKnn(_strongest(widest.similarity, limit), widest.ties)
        yield Fitted(cut, {"neighbours": limit})


def _strongest(cosines: sparse.csr_matrix, limit: int) -> sparse.csr_matrix:
    """Keeps the `limit` largest positive cosines of each row, lower columns first where they tie.

    Returns:
      [rows, columns] float32 CSR.
    """
    cosines.sort_indices()
    block = cosines.tocoo()
    is_positive = block.data > 0.0
    row, column, value = block.row[is_positive], block.col[is_positive], block.data[is_positive]
    # By row, then the largest cosine: one float64 holds both, as a cosine is at most 1; what lies
    # closer than its rounding ties.
    order = np.argsort(row - 0.5 * value, kind="stable")
    row, column, value = row[order], column[order], value[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < limit
    return sparse.csr_matrix(
        (value[kept].astype(np.float32), (row[kept], column[kept])), shape=cosines.shape
    )
