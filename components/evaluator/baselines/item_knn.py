"""Item-kNN: items that the same users interacted with (Deshpande and Karypis, 2004)."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import NO_ITEM, EventColumns

NUM_NEIGHBOURS = 100
# A user with thousands of items costs their square and says little about any pair of them.
MAX_ITEMS_PER_USER = 500
_ROWS_PER_CHUNK = 1024


@dataclass(frozen=True)
class ItemKnn:
    """Scores an item by its similarity to the items of the history.

    Attributes:
      similarity: [num_items, num_items] float32 CSR; row i holds the neighbours of item i.
      ties: [num_items] float32, orders items of equal score by popularity.
    """

    similarity: sparse.csr_matrix
    ties: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = sum over the distinct items i of the history of similarity[i, j]."""
        return dense_scores(history_matrix(history, len(self.ties)), self.similarity, self.ties)


def fit_item_knn(
    train: EventColumns, num_items: int, num_neighbours: int = NUM_NEIGHBOURS
) -> ItemKnn:
    """Cosine of co-occurrence: |users of i and j| / sqrt(|users of i| · |users of j|).

    Every item keeps its `num_neighbours` most similar others. Of a user with more than
    MAX_ITEMS_PER_USER events only the newest so many are counted.
    """
    counts = training_counts(train, num_items)
    users_items = _users_items(train, num_items)
    num_users = np.asarray(users_items.sum(axis=0)).ravel()
    scale = sparse.diags(1.0 / np.sqrt(np.maximum(1.0, num_users)))
    normalised = (users_items @ scale).tocsr()
    by_item = normalised.T.tocsr()
    parts = []
    for first in range(0, num_items, _ROWS_PER_CHUNK):
        block = (by_item[first : first + _ROWS_PER_CHUNK] @ normalised).tocoo()
        is_other = block.row + first != block.col
        parts.append(
            _strongest(
                block.row[is_other],
                block.col[is_other],
                block.data[is_other],
                block.shape,
                num_neighbours,
            )
        )
    return ItemKnn(sparse.vstack(parts, format="csr").astype(np.float32), tie_break(counts))


def history_matrix(history: np.ndarray, num_items: int) -> sparse.csr_matrix:
    """[num_queries, num_items] float32 CSR: 1 where the item occurs in the history."""
    row, column = np.nonzero(history != NO_ITEM)
    ones = np.ones(len(row), np.float32)
    matrix = sparse.csr_matrix((ones, (row, history[row, column])), shape=(len(history), num_items))
    matrix.data[:] = 1.0
    return matrix


def dense_scores(
    queries: sparse.csr_matrix, items: sparse.csr_matrix, ties: np.ndarray
) -> np.ndarray:
    """[num_queries, num_items] float32: the product, and `ties` to order what it leaves equal."""
    scores = (queries @ items).toarray()
    scores += ties
    return scores


def _users_items(train: EventColumns, num_items: int) -> sparse.csr_matrix:
    """[num_users, num_items] float64 CSR of ones: who interacted with what."""
    user, item = train.user[train.is_target], train.item[train.is_target]
    newest_first = np.lexsort((-train.timestamp[train.is_target], user))
    user, item = user[newest_first], item[newest_first]
    place = np.arange(len(user)) - np.searchsorted(user, user)
    kept = place < MAX_ITEMS_PER_USER
    shape = (int(user.max(initial=-1)) + 1, num_items)
    matrix = sparse.csr_matrix((np.ones(kept.sum()), (user[kept], item[kept])), shape=shape)
    matrix.data[:] = 1.0
    return matrix


def _strongest(
    row: np.ndarray, column: np.ndarray, value: np.ndarray, shape: tuple[int, int], limit: int
) -> sparse.csr_matrix:
    """Keeps the `limit` largest values of each row, lower columns first where they tie."""
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < limit
    return sparse.csr_matrix((value[kept], (row[kept], column[kept])), shape=shape)
