"""EASE: the best linear item-to-item weights, in closed form (Steck, 2019).

"Embarrassingly Shallow Autoencoders for Sparse Data", https://arxiv.org/abs/1905.03375.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from components.evaluator.baselines.baseline import Fitted
from components.evaluator.baselines.linear import (
    dense_product,
    history_matrix,
    interaction_matrix,
)
from components.evaluator.baselines.popularity import tie_break, training_counts
from components.evaluator.columns import EventColumns

GRID = (50.0, 200.0, 800.0)
DEFAULT = 200.0
# The weights of 10,000 items; fitting holds three times that, and takes ten seconds on two cores.
MAX_BYTES = 4 * 10_000**2
_ROWS_PER_BLOCK = 1024


@dataclass(frozen=True)
class Ease:
    """Scores an item by learned weights from the items of the history.

    score = (history · basis) · weights + history ∘ own, over the items with training events; all
    others score 0.

    Attributes:
      items: [num_trained] int64, rows of the catalogue.
      basis: [num_trained, rank] float32 CSR.
      weights: [rank, num_trained] float32.
      own: [num_trained] float32; takes out what the product gives an item for itself.
      ties: [num_items] float64, orders items of equal score by popularity.
    """

    items: np.ndarray
    basis: sparse.csr_matrix
    weights: np.ndarray
    own: np.ndarray
    ties: np.ndarray

    def scores(self, history: np.ndarray) -> np.ndarray:
        """score(j) = sum over the distinct items i of the history of B[i, j]; B[j, j] = 0."""
        trained = history_matrix(history, len(self.ties))[:, self.items]
        product = dense_product(trained @ self.basis, self.weights)
        row, column = trained.nonzero()
        product[row, column] += self.own[column]
        scores = np.tile(self.ties, (len(history), 1))
        scores[:, self.items] += product
        return scores


def fit_ease_grid(
    train: EventColumns, num_items: int, grid: Sequence[float], max_bytes: int = MAX_BYTES
) -> Iterator[Fitted]:
    """Fits for each L2 regularisation λ: B = I - P · diag(1 / diag(P)), P = (XᵀX + λI)⁻¹.

    X is [num_users, num_trained], 1 where the user has a training target on the item. With fewer
    users than items P comes from the smaller inverse, A = (XXᵀ + λI)⁻¹ (Woodbury):
    P = (I - XᵀAX) / λ, which is never written out.

    Args:
      train: Events of the train split.
      num_items: Rows of the catalogue.
      grid: Values of λ.
      max_bytes: The most that `Ease.weights` may take; above it the baseline is left out, with
        the reason among its settings.
    """
    counts = training_counts(train, num_items)
    items = np.flatnonzero(counts)
    users_items = interaction_matrix(train, num_items)[:, items]
    users_items = users_items[np.diff(users_items.indptr) > 0]
    num_users, num_trained = users_items.shape
    needed = 4 * min(num_users, num_trained) * num_trained
    if needed > max_bytes:
        yield Fitted(None, {"left_out": _too_large(num_users, num_trained, needed, max_bytes)})
        return
    gram = _gram(users_items.T if num_users < num_trained else users_items)
    problem = _Problem(items, users_items, gram, tie_break(counts))
    for regularisation in grid:
        yield problem.solve(regularisation)


@dataclass(frozen=True)
class _Problem:
    """What all regularisations share.

    Attributes:
      items: [num_trained] int64, rows of the catalogue.
      users_items: X.
      gram: The smaller of XᵀX and XXᵀ.
      ties: [num_items] float64.
    """

    items: np.ndarray
    users_items: sparse.csr_matrix
    gram: np.ndarray
    ties: np.ndarray

    def solve(self, regularisation: float) -> Fitted:
        try:
            inverse = _inverse(self.gram, regularisation)
        except np.linalg.LinAlgError as error:
            return Fitted(None, {"left_out": str(error)})
        is_by_item = len(inverse) == len(self.items)
        factors = _factors_by_item if is_by_item else _factors_by_user
        ease = Ease(self.items, *factors(self.users_items, inverse), self.ties)
        return Fitted(ease, {"regularisation": regularisation})


_Factors = tuple[sparse.csr_matrix, np.ndarray, np.ndarray]


def _factors_by_item(users_items: sparse.csr_matrix, inverse: np.ndarray) -> _Factors:
    """B itself, with zeros on its diagonal; overwrites `inverse`, P."""
    inverse *= -1.0 / np.diagonal(inverse)
    np.fill_diagonal(inverse, 0.0)
    num_trained = len(inverse)
    basis = sparse.identity(num_trained, np.float32, format="csr")
    return basis, inverse, np.zeros(num_trained, np.float32)


def _factors_by_user(users_items: sparse.csr_matrix, inverse: np.ndarray) -> _Factors:
    """B = (XᵀAX - diag(s)) · diag(1 / (1 - s)), where s is the diagonal of XᵀAX."""
    by_item = users_items.T.tocsr()
    weights = np.ascontiguousarray(dense_product(by_item, inverse).T)
    itself = np.asarray(users_items.multiply(weights).sum(axis=0)).ravel().astype(np.float32)
    weights /= 1.0 - itself
    return by_item, weights, -itself / (1.0 - itself)


def _gram(matrix: sparse.csr_matrix) -> np.ndarray:
    """[columns, columns] float32: matrixᵀ · matrix."""
    matrix, transposed = matrix.tocsr(), matrix.T.tocsr()
    gram = np.empty((matrix.shape[1], matrix.shape[1]), np.float32)
    for first in range(0, len(gram), _ROWS_PER_BLOCK):
        rows = slice(first, first + _ROWS_PER_BLOCK)
        gram[rows] = (transposed[rows] @ matrix).toarray()
    return gram


def _inverse(gram: np.ndarray, regularisation: float) -> np.ndarray:
    """(gram + λI)⁻¹ by Cholesky in float32, in the memory of one copy.

    Raises:
      LinAlgError: Rounding leaves the sum not positive definite.
    """
    matrix = gram.copy()
    np.fill_diagonal(matrix, np.diagonal(gram) + np.float32(regularisation))
    # LAPACK works in Fortran's order, here on the transposed view of a symmetric matrix.
    factor, failed_at = lapack.spotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
    if failed_at:
        raise np.linalg.LinAlgError(
            f"a regularisation of {regularisation:g} is too small beside counts of "
            f"{gram.max():g}: in float32 the matrix of {len(gram):,} rows has no inverse"
        )
    inverse = lapack.spotri(factor, lower=1, overwrite_c=1)[0].T
    for first in range(0, len(inverse), _ROWS_PER_BLOCK):
        rows = slice(first, min(first + _ROWS_PER_BLOCK, len(inverse)))
        inverse[rows.stop :, rows] = inverse[rows, rows.stop :].T
        corner = np.triu(inverse[rows, rows])
        inverse[rows, rows] = corner + np.triu(corner, 1).T
    return inverse


def _too_large(num_users: int, num_trained: int, needed: int, max_bytes: int) -> str:
    return (
        f"{num_users:,} users and {num_trained:,} items have training events: its weights would "
        f"take {needed / 1e6:,.0f} MB, above the limit of {max_bytes / 1e6:,.0f} MB"
    )
