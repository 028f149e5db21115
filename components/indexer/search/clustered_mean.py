"""The mean over queries of several users, and its standard error.

Queries of one user are not independent, so the users are the sample: first the mean over the
queries of each user, then the mean over users, as for the metrics of the evaluation.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ClusteredMean:
    """A mean over users.

    Attributes:
      mean: The mean over users of their means over queries.
      error: The standard error of the mean; None for fewer than two users.
    """

    mean: float
    error: float | None


def clustered_mean(values: npt.NDArray[np.float64], users: npt.NDArray[Any]) -> ClusteredMean:
    """Computes the mean over users.

    The first user has the queries of values 1, 1 and 0.4, the second one query of value 0.6:

    >>> result = clustered_mean(np.array([1.0, 1.0, 0.6, 0.4]), np.array([5, 5, 8, 5]))
    >>> round(result.mean, 6), round(result.error, 6)
    (0.7, 0.1)

    Args:
      values: [num_queries] float64, at least one.
      users: [num_queries] the user of each query, or another cluster of dependent queries.
    """
    _, index = np.unique(users, return_inverse=True)
    by_user = np.bincount(index, weights=values) / np.bincount(index)
    error = None
    if len(by_user) > 1:
        error = float(by_user.std(ddof=1)) / math.sqrt(len(by_user))
    return ClusteredMean(float(by_user.mean()), error)
