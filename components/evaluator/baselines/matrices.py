"""Interactions and histories as sparse matrices, and products with them."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.columns import NO_ITEM, EventColumns

# Above this share of non-zero values, a dense matrix product is faster than a sparse one.
_DENSE_ABOVE = 0.05


def interaction_matrix(
    train: EventColumns, num_items: int, max_items_per_user: int | None = None
) -> sparse.csr_matrix:
    """Builds the binary user-item matrix of the training targets.

    Args:
      train: Events of the train split.
      num_items: Number of items in the catalogue.
      max_items_per_user: If given, only this many of the newest target events of each user are
        used.

    Returns:
      [num_users, num_items] float32 CSR, 1 where the user has a target event on the item.
    """
    user, item = train.user[train.is_target], train.item[train.is_target]
    if max_items_per_user is not None:
        newest_first = np.lexsort((-train.timestamp[train.is_target], user))
        user, item = user[newest_first], item[newest_first]
        kept = np.arange(len(user)) - np.searchsorted(user, user) < max_items_per_user
        user, item = user[kept], item[kept]
    return _ones(user, item, (int(user.max(initial=-1)) + 1, num_items))


def history_matrix(history: npt.NDArray[np.int64], num_items: int) -> sparse.csr_matrix:
    """Encodes histories as [num_queries, num_items] float32 CSR, 1 where the item occurs."""
    row, column = np.nonzero(history != NO_ITEM)
    return _ones(row, history[row, column], (len(history), num_items))


def dense_product(
    left: sparse.csr_matrix, right: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Multiplies a sparse with a dense matrix; the sparse one is made dense if that is faster."""
    if left.nnz > _DENSE_ABOVE * left.shape[0] * left.shape[1]:
        return left.toarray() @ right
    return left @ right


def dense_scores(
    queries: sparse.csr_matrix, items: sparse.csr_matrix, ties: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Computes queries · items + ties, [num_queries, num_items] float64; `ties` breaks ties."""
    return (queries @ items).toarray() + ties


def _ones(
    row: npt.NDArray[np.int64], column: npt.NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_matrix:
    """A matrix with 1 at the given cells; cells may be given more than once."""
    matrix = sparse.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=shape)
    matrix.data[:] = 1.0
    return matrix
