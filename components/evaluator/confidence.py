"""Bootstrap confidence intervals of metrics over users.

The unit of resampling is the user, not the query, because the queries of one user are not
independent. A bootstrap sample draws num_users users with replacement and averages their per-user
values; the interval consists of the 2.5th and the 97.5th percentile (linear interpolation) of these
means. See Efron (1979), "Bootstrap Methods: Another Look at the Jackknife", and Efron and
Tibshirani (1993), chapter 13, for the percentile interval.

Two methods are compared by the interval of their mean per-user difference, on the same users.
Two groups of users, such as those of an A/B test, are compared by the interval of the difference of
their means.

Each of these intervals contains its own value with a probability of 95 %; of many of them, some do
not. Intervals that are read together are in `components.evaluator.simultaneous`.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

CONFIDENCE_LEVEL = 0.95
_DRAWS_PER_CHUNK = 2**22

KeyT = TypeVar("KeyT", bound=Hashable)
# For each metric, its lower and upper bound.
Intervals = dict[str, list[float]]


def bootstrap_intervals(
    by_user: Mapping[KeyT, npt.NDArray[np.float64]], num_samples: int, seed: int
) -> dict[KeyT, list[float]]:
    """Computes the 95 % percentile interval of the mean of each metric over users.

    All metrics are computed on the same bootstrap samples.

    Args:
      by_user: For each metric, its values per user, [num_users] float64.
      num_samples: Number of bootstrap samples.
      seed: Seed for the bootstrap samples.

    Returns:
      For each metric, its lower and upper bound.

    Example:
      With two users of value 0 and 1, a sample has the mean 0 or 1 with a probability of 1/4 each.

      >>> values = {"mrr": np.array([0.0, 1.0]), "recall@10": np.array([0.25, 0.25])}
      >>> bootstrap_intervals(values, num_samples=1000, seed=1)
      {'mrr': [0.0, 1.0], 'recall@10': [0.25, 0.25]}
    """
    values = np.stack(list(by_user.values()), axis=1)
    sums = list(_resampled_sums(values, num_samples, np.random.default_rng(seed)))
    means = np.concatenate(sums) / len(values)
    tail = (1.0 - CONFIDENCE_LEVEL) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return {name: [float(low[column]), float(high[column])] for column, name in enumerate(by_user)}


def paired_bootstrap_intervals(
    model: Mapping[str, npt.NDArray[np.float64]],
    others: Mapping[str, Mapping[str, npt.NDArray[np.float64]]],
    num_samples: int,
    seed: int,
) -> dict[str, Intervals]:
    """Computes intervals of a model's metrics, and of its differences from other methods.

    Pairing by user removes the variance that both methods share because some users are harder to
    predict than others. If the interval of the mean difference is above 0, the model is better,
    even if the intervals of the two methods overlap. All intervals use the same bootstrap samples.

    Args:
      model: For each metric, its values per user, [num_users] float64.
      others: The same values of each other method, by its name.
      num_samples: Number of bootstrap samples.
      seed: Seed for the bootstrap samples.

    Returns:
      The intervals of `model`, and of `model_minus_NAME` for each other method.

    Example:
      The model is better by 0.5 for each user.

      >>> paired_bootstrap_intervals(
      ...     {"mrr": np.array([0.5, 1.0])},
      ...     {"popularity": {"mrr": np.array([0.0, 0.5])}},
      ...     num_samples=1000,
      ...     seed=1,
      ... )
      {'model': {'mrr': [0.5, 1.0]}, 'model_minus_popularity': {'mrr': [0.5, 0.5]}}
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
    bounds = bootstrap_intervals(flat, num_samples, seed)
    return {
        method: {metric: bounds[method, metric] for metric in metrics}
        for method, metrics in columns.items()
    }


def group_bootstrap_intervals(
    groups: Mapping[KeyT, npt.NDArray[np.float64]], reference: KeyT, num_samples: int, seed: int
) -> tuple[dict[KeyT, list[float]], dict[KeyT, list[float]]]:
    """Computes intervals of the means of groups of users, and of their differences from one group.

    The users of all groups are resampled together. A user may be in several groups.

    Args:
      groups: For each group, its values per user, [num_users] float64; NaN for a user who is not in
        the group.
      reference: The group from which the others differ.
      num_samples: Number of bootstrap samples.
      seed: Seed for the bootstrap samples.

    Returns:
      The lower and upper bound of the mean of each group; and of its difference from the reference,
      for the other groups.

    Example:
      All users of a group have the same value.

      >>> stable = np.array([0.25] * 50 + [np.nan] * 50)
      >>> canary = np.array([np.nan] * 50 + [0.5] * 50)
      >>> group_bootstrap_intervals({"stable": stable, "canary": canary}, "stable", 100, seed=1)
      ({'stable': [0.25, 0.25], 'canary': [0.5, 0.5]}, {'canary': [0.25, 0.25]})
    """
    values = np.stack(list(groups.values()), axis=1)
    is_member = ~np.isnan(values)
    columns = np.concatenate([np.where(is_member, values, 0.0), is_member], axis=1)
    draws = _resampled_sums(columns, num_samples, np.random.default_rng(seed))
    sums, sizes = np.split(np.concatenate(list(draws)), 2, axis=1)
    # A sample without any user of a small group has no mean.
    means = np.divide(sums, sizes, out=np.full_like(sums, np.nan), where=sizes > 0)
    differences = means - means[:, [list(groups).index(reference)]]
    tail = (1.0 - CONFIDENCE_LEVEL) / 2.0
    bounds = np.nanquantile(np.stack([means, differences]), [tail, 1.0 - tail], axis=1)
    of_means, of_differences = np.moveaxis(bounds, 0, 2).tolist()
    intervals = dict(zip(groups, of_means, strict=True))
    compared = dict(zip(groups, of_differences, strict=True))
    return intervals, {name: both for name, both in compared.items() if name != reference}


def _resampled_sums(
    values: npt.NDArray[np.float64], num_samples: int, generator: np.random.Generator
) -> Iterator[npt.NDArray[np.float64]]:
    """Draws as many users as there are, with replacement, and sums their values.

    Args:
      values: [num_users, num_metrics] float64.
      num_samples: Number of bootstrap samples.
      generator: Source of randomness.

    Yields:
      [num_samples of a chunk, num_metrics] float64.
    """
    num_users = len(values)
    chunk = max(1, _DRAWS_PER_CHUNK // num_users)
    for first in range(0, num_samples, chunk):
        rows = min(chunk, num_samples - first)
        draws = generator.integers(num_users, size=(rows, num_users))
        cells = draws + np.arange(rows)[:, None] * num_users
        times_drawn = np.bincount(cells.ravel(), minlength=rows * num_users)
        yield times_drawn.reshape(rows, num_users).astype(np.float64) @ values
