"""Bootstrap intervals over users: how far a metric might be off for another draw of users."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

LEVEL = 0.95
_DRAWS_PER_CHUNK = 2**22

Key = TypeVar("Key", bound=Hashable)
Intervals = dict[str, list[float]]


def intervals(
    by_user: Mapping[Key, np.ndarray], num_samples: int, seed: int
) -> dict[Key, list[float]]:
    """95 % percentile intervals of each metric's mean over users (Efron, 1979).

    Users are drawn with replacement, as many as there are; the same draws serve every metric.

    Args:
      by_user: Each metric, [num_users] float64.
      num_samples: How many times users are drawn.
      seed: Of the draws.

    Returns:
      [low, high] by metric.
    """
    values = np.stack(list(by_user.values()), axis=1)
    means = _resampled_means(values, num_samples, np.random.default_rng(seed))
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return {name: [float(low[column]), float(high[column])] for column, name in enumerate(by_user)}


def of_model(
    model: Mapping[str, np.ndarray],
    others: Mapping[str, Mapping[str, np.ndarray]],
    num_samples: int,
    seed: int,
) -> dict[str, Intervals]:
    """Intervals of a model's metrics, and of its lead over others, user by user.

    Pairing removes what two methods have in common, the difficulty of a user: an interval of the
    mean difference that lies above 0 means that the model is better, even where the intervals of
    the two overlap. The same draws of users serve all.

    Args:
      model: Each metric, [num_users] float64.
      others: The same of other methods, by their names.
      num_samples: How many times users are drawn.
      seed: Of the draws.

    Returns:
      `model`, and `model_minus_NAME` for each of the others.
    """
    columns = {"model": dict(model)} | {
        f"model_minus_{name}": {metric: model[metric] - other[metric] for metric in model}
        for name, other in others.items()
    }
    flat = {
        (method, metric): values
        for method, metrics in columns.items()
        for metric, values in metrics.items()
    }
    bounds = intervals(flat, num_samples, seed)
    return {
        method: {metric: bounds[method, metric] for metric in metrics}
        for method, metrics in columns.items()
    }


def _resampled_means(
    values: np.ndarray, num_samples: int, generator: np.random.Generator
) -> np.ndarray:
    """[num_samples, num_metrics]: means over users drawn with replacement."""
    num_users = len(values)
    chunk = max(1, _DRAWS_PER_CHUNK // num_users)
    means = []
    for first in range(0, num_samples, chunk):
        rows = min(chunk, num_samples - first)
        draws = generator.integers(num_users, size=(rows, num_users))
        cells = draws + np.arange(rows)[:, None] * num_users
        times = np.bincount(cells.ravel(), minlength=rows * num_users)
        means.append(times.reshape(rows, num_users).astype(np.float64) @ values / num_users)
    return np.concatenate(means)
