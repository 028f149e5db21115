"""EASE: a linear item-to-item autoencoder, fitted in closed form (Steck, 2019).

"Embarrassingly Shallow Autoencoders for Sparse Data", https://arxiv.org/abs/1905.03375.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack

from components.evaluator.baselines.axis import Axis
from components.evaluator.baselines.baseline import FittedBaseline
from components.evaluator.baselines.matrices import (
    dense_product,
    history_matrix,
    interaction_matrix,
)
from components.evaluator.baselines.popularity import training_counts
from components.evaluator.columns import EventColumns

REGULARISATION = "regularisation"
# Beyond the limit, scores are so small that the order of equal scores would outweigh them.
AXIS = Axis(REGULARISATION, (5.0, 50.0, 500.0, 5_000.0, 50_000.0), 0.01, 1e6, factor=10.0)
DEFAULT = 200.0
# The weights of 10,000 items (400 MB). Fitting needs three times this memory, and takes ten seconds
# on two cores.
MAX_BYTES = 4 * 10_000**2
_ROWS_PER_BLOCK = 1024


@dataclass(frozen=True)
class Ease:
    """Scores an item by learned weights from the items of the history.

    The weight matrix is B = basis · weights + diag(diagonal), over the items with training events;
    all other items score 0.

    Attributes:
      items: [num_trained] int64, the items with training events, as rows of the catalogue.
      basis: [num_trained, rank] float32 CSR.
      weights: [rank, num_trained] float32.
      diagonal: [num_trained] float32, makes the diagonal of B zero.
      ties: [num_items] float64, orders items with equal scores.
    """

    items: npt.NDArray[np.int64]
    basis: sparse.csr_matrix
    weights: npt.NDArray[np.float32]
    diagonal: npt.NDArray[np.float32]
    ties: npt.NDArray[np.float64]

    def scores(self, history: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """score(j) = sum of B[i, j] over the distinct items i of the history; B[j, j] = 0."""
        trained = history_matrix(history, len(self.ties))[:, self.items]
        product = dense_product(trained @ self.basis, self.weights)
        row, column = trained.nonzero()
        product[row, column] += self.diagonal[column]
        scores = np.tile(self.ties, (len(history), 1))
        scores[:, self.items] += product
        return scores


def fit_ease_grid(
    train: EventColumns,
    ties: npt.NDArray[np.float64],
    grid: Sequence[float],
    max_bytes: int = MAX_BYTES,
) -> Iterator[FittedBaseline]:
    """Fits EASE for each L2 regularisation λ of a grid.

    B = I - P · diag(1 / diag(P)), where P = (XᵀX + λI)⁻¹ and X is [num_users, num_trained], 1 where
    the user has a training target on the item. If there are fewer users than items, B is computed
    in factors from the smaller inverse A = (XXᵀ + λI)⁻¹, by the Woodbury identity
    P = (I - XᵀAX) / λ.

    Args:
      train: Events of the train split.
      ties: [num_items] float64, orders items with equal scores.
      grid: Values of λ.
      max_bytes: Maximum size of `Ease.weights`. If it would be larger, the baseline is left out,
        with the reason among its settings.
    """
    num_items = len(ties)
    items = np.flatnonzero(training_counts(train, num_items))
    users_items = interaction_matrix(train, num_items)[:, items]
    users_items = users_items[np.diff(users_items.indptr) > 0]
    num_users, num_trained = users_items.shape
    needed = 4 * min(num_users, num_trained) * num_trained
    if needed > max_bytes:
        yield FittedBaseline(
            None, {"left_out": _too_large(num_users, num_trained, needed, max_bytes)}
        )
        return
    gram = _gram(users_items.T if num_users < num_trained else users_items)
    problem = _Problem(items, users_items, gram, ties)
    for regularisation in grid:
        yield problem.solve(regularisation)


@dataclass(frozen=True)
class _Problem:
    """The matrices that are the same for all regularisations.

    Attributes:
      items: [num_trained] int64, the items with training events, as rows of the catalogue.
      users_items: X, [num_users, num_trained] float32 CSR.
      gram: The smaller one of XᵀX and XXᵀ, float32.
      ties: [num_items] float64, orders items with equal scores.
    """

    items: npt.NDArray[np.int64]
    users_items: sparse.csr_matrix
    gram: npt.NDArray[np.float32]
    ties: npt.NDArray[np.float64]

    def solve(self, regularisation: float) -> FittedBaseline:
        """Fits EASE with one regularisation; left out if the matrix cannot be inverted."""
        try:
            inverse = _inverse(self.gram, regularisation)
        except np.linalg.LinAlgError as error:
            return FittedBaseline(None, {"left_out": str(error)})
        is_by_item = len(inverse) == len(self.items)
        factors = _factors_by_item if is_by_item else _factors_by_user
        ease = Ease(self.items, *factors(self.users_items, inverse), self.ties)
        return FittedBaseline(ease, {REGULARISATION: regularisation})


# `basis`, `weights` and `diagonal` of `Ease`.
_Factors = tuple[sparse.csr_matrix, npt.NDArray[np.float32], npt.NDArray[np.float32]]


def _factors_by_item(users_items: sparse.csr_matrix, inverse: npt.NDArray[np.float32]) -> _Factors:
    """Computes B from `inverse` = P, which is overwritten."""
    inverse *= -1.0 / np.diagonal(inverse)
    np.fill_diagonal(inverse, 0.0)
    num_trained = len(inverse)
    basis = sparse.identity(num_trained, np.float32, format="csr")
    return basis, inverse, np.zeros(num_trained, np.float32)


def _factors_by_user(users_items: sparse.csr_matrix, inverse: npt.NDArray[np.float32]) -> _Factors:
    """Computes the factors of B from `inverse` = A.

    B = (XᵀAX - diag(s)) · diag(1 / (1 - s)), where s is the diagonal of XᵀAX.
    """
    by_item = users_items.T.tocsr()
    weights = np.ascontiguousarray(dense_product(by_item, inverse).T)
    s = np.asarray(users_items.multiply(weights).sum(axis=0)).ravel().astype(np.float32)
    weights /= 1.0 - s
    return by_item, weights, -s / (1.0 - s)


def _gram(matrix: sparse.csr_matrix) -> npt.NDArray[np.float32]:
    """Computes matrixᵀ · matrix, [num_columns, num_columns] float32, in blocks of rows."""
    matrix, transposed = matrix.tocsr(), matrix.T.tocsr()
    gram = np.empty((matrix.shape[1], matrix.shape[1]), np.float32)
    for first in range(0, len(gram), _ROWS_PER_BLOCK):
        rows = slice(first, first + _ROWS_PER_BLOCK)
        gram[rows] = (transposed[rows] @ matrix).toarray()
    return gram


def _inverse(gram: npt.NDArray[np.float32], regularisation: float) -> npt.NDArray[np.float32]:
    """Computes (gram + λI)⁻¹ by Cholesky decomposition in float32, in place on one copy of `gram`.

    Raises:
      LinAlgError: The sum is not positive definite in float32.
    """
    matrix = gram.copy()
    np.fill_diagonal(matrix, np.diagonal(gram) + np.float32(regularisation))
    # LAPACK needs Fortran order: the transposed view of the symmetric matrix has it.
    factor, failed_at = lapack.spotrf(matrix.T, lower=1, clean=0, overwrite_a=1)
    if failed_at:
        raise np.linalg.LinAlgError(
            f"the regularisation {regularisation:g} is too small for counts of up to "
            f"{gram.max():g}: the matrix of {len(gram):,} rows is not positive definite in float32"
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
        f"{num_users:,} users and {num_trained:,} items have training events, so its weights would "
        f"need {needed / 1e6:,.0f} MB, more than the limit of {max_bytes / 1e6:,.0f} MB"
    )
