"""What the linear baselines share: interactions and histories as sparse matrices, and products."""

import numpy as np
from scipy import sparse

from components.evaluator.columns import NO_ITEM, EventColumns

# A dense product takes about as long as a sparse one of which so large a part is not zero.
_DENSE_ABOVE = 0.05


def interaction_matrix(
    train: EventColumns, num_items: int, max_items_per_user: int | None = None
) -> sparse.csr_matrix:
    """[num_users, num_items] float32 CSR of ones: who interacted with what in training.

    Args:
      train: Events of the train split; its targets are counted.
      num_items: Rows of the catalogue.
      max_items_per_user: Of a user with more target events only the newest so many count.
    """
    user, item = train.user[train.is_target], train.item[train.is_target]
    if max_items_per_user is not None:
        newest_first = np.lexsort((-train.timestamp[train.is_target], user))
        user, item = user[newest_first], item[newest_first]
        kept = np.arange(len(user)) - np.searchsorted(user, user) < max_items_per_user
        user, item = user[kept], item[kept]
    return _ones(user, item, (int(user.max(initial=-1)) + 1, num_items))


def history_matrix(history: np.ndarray, num_items: int) -> sparse.csr_matrix:
    """[num_queries, num_items] float32 CSR: 1 where the item occurs in the history."""
    row, column = np.nonzero(history != NO_ITEM)
    return _ones(row, history[row, column], (len(history), num_items))


def dense_product(left: sparse.csr_matrix, right: np.ndarray) -> np.ndarray:
    """[rows, columns] float32: a sparse times a dense matrix, by what is faster."""
    if left.nnz > _DENSE_ABOVE * left.shape[0] * left.shape[1]:
        return left.toarray() @ right
    return left @ right


def dense_scores(
    queries: sparse.csr_matrix, items: sparse.csr_matrix, ties: np.ndarray
) -> np.ndarray:
    """[num_queries, num_items] float64: the product, and `ties` to order what it leaves equal."""
    return (queries @ items).toarray() + ties


def _ones(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=shape)
    matrix.data[:] = 1.0
    return matrix
