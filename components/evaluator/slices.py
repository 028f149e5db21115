"""Metrics on slices of the queries, for the model and all baselines.

A slice is a subset of the queries, e.g. those of new users. Its metrics are averaged over the
queries of each user within the slice first, and then over the users that have queries in it, so a
user with queries in several slices contributes to each of them. The first metric also gets a
bootstrap interval over these users (see `components.evaluator.confidence`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator import confidence
from components.evaluator.measure import Measurement
from components.evaluator.metrics import mean_by_user
from components.evaluator.slice_masks import SliceMasks

# Slices with fewer users are marked `small`.
SMALL_SLICE_USERS = 30

# For each slice, its metrics as JSON values.
Slices = dict[str, dict[str, Any]]


def slice_metrics(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    users: npt.NDArray[np.int64],
    masks: SliceMasks,
    metrics: Sequence[str],
    num_samples: int,
    seed: int,
) -> Slices:
    """Computes the metrics of each slice.

    Args:
      model: The metrics of the model for each query.
      baselines: The metrics of each baseline for each query.
      users: [num_queries] int64, user codes.
      masks: For each slice, [num_queries] bool, whether a query is in it.
      metrics: Names of metrics with a value per query. The first one is also computed for the
        baselines and has an interval.
      num_samples: Number of bootstrap samples of the interval.
      seed: Seed for the bootstrap samples.

    Returns:
      For each slice: `users`, `targets`, `small` (fewer than SMALL_SLICE_USERS users), each metric,
      `interval` (the first metric's name and its interval) and `baselines` (the first metric of
      each). Metrics and interval are None if the slice is empty.
    """
    return {
        label: _metrics_of_slice(model, baselines, users, mask, metrics, num_samples, seed)
        for label, mask in masks.items()
    }


def _metrics_of_slice(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    users: npt.NDArray[np.int64],
    mask: npt.NDArray[np.bool_],
    metrics: Sequence[str],
    num_samples: int,
    seed: int,
) -> dict[str, Any]:
    def by_user(measured: Measurement, metric: str) -> npt.NDArray[np.float64]:
        return mean_by_user(measured.by_query[metric][mask], users[mask])

    num_users = len(np.unique(users[mask]))
    values = {metric: by_user(model, metric) for metric in metrics}
    headline = metrics[0]
    interval = None
    if num_users:
        headline_values = {headline: values[headline]}
        interval = confidence.bootstrap_intervals(headline_values, num_samples, seed)
    return {
        "users": num_users,
        "targets": int(mask.sum()),
        "small": num_users < SMALL_SLICE_USERS,
        **{metric: _mean(value) for metric, value in values.items()},
        "interval": interval,
        "baselines": {
            name: _mean(by_user(measured, headline)) for name, measured in baselines.items()
        },
    }


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None
