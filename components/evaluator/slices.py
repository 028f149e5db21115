"""Metrics on slices of the queries, for the model and all baselines.

A slice is a subset of the queries, e.g. those of new users. Its metrics are averaged over the
queries of each user within the slice first, and then over the users that have queries in it, so a
user with queries in several slices contributes to each of them.

The first metric also gets intervals, of its value and of its difference from one baseline. A reader
looks for a conspicuous slice among all of them, so the intervals of all slices are simultaneous:
together they have the level 95 % (`components.evaluator.simultaneous`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.confidence import CONFIDENCE_LEVEL
from components.evaluator.measure import Measurement
from components.evaluator.metrics import mean_by_user
from components.evaluator.simultaneous import (
    MIN_USERS,
    difference_interval,
    metric_interval,
    simultaneous_level,
)
from components.evaluator.slice_masks import SliceMasks

# Slices with fewer users are marked `small`.
SMALL_SLICE_USERS = 30

# For each slice, its metrics as JSON values.
Slices = dict[str, dict[str, Any]]


def slice_metrics(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    users: npt.NDArray[np.int64],
    dimensions: Mapping[str, SliceMasks],
    metrics: Sequence[str],
) -> tuple[dict[str, Slices], dict[str, Any]]:
    """Computes the metrics of the slices of all dimensions.

    Args:
      model: The metrics of the model for each query.
      baselines: The metrics of each baseline for each query.
      users: [num_queries] int64, user codes.
      dimensions: For each dimension and slice, [num_queries] bool, whether a query is in it.
      metrics: Names of metrics with a value per query. The first one is also computed for the
        baselines and has intervals.

    Returns:
      For each dimension and slice: `users`, `targets`, `small` (fewer than SMALL_SLICE_USERS
      users), each metric, `interval` (the first metric's name and its interval), `difference` (the
      name of the baseline that is best on all queries, and the interval of the first metric's
      difference, model minus baseline) and `baselines` (the first metric of each). Metrics are
      None if the slice is empty; intervals are None if it has fewer than
      `simultaneous.MIN_USERS` users.

      And what the intervals have in common: the metric, their number (`intervals`), the level of
      each (`level_of_each`) and of all together (`level`), the smallest number of users of a slice
      with an interval (`min_users`), and the `baseline` of the differences.
    """
    headline = metrics[0]
    by_query = {name: measured.by_query[headline] for name, measured in baselines.items()}
    overall = {name: mean_by_user(values, users).mean() for name, values in by_query.items()}
    reference = max(overall, key=lambda name: overall[name]) if overall else None
    slices = {
        dimension: {
            label: _metrics_of_slice(model, by_query, users, mask, metrics)
            for label, mask in masks.items()
        }
        for dimension, masks in dimensions.items()
    }
    measured = {
        (dimension, label): mask
        for dimension, by_label in dimensions.items()
        for label, mask in by_label.items()
        if slices[dimension][label]["users"] >= MIN_USERS
    }
    num_intervals = len(measured) * (1 if reference is None else 2)
    level = simultaneous_level(num_intervals)
    for (dimension, label), mask in measured.items():
        part = slices[dimension][label]
        values = mean_by_user(model.by_query[headline][mask], users[mask])
        part["interval"] = {headline: metric_interval(values, level)}
        if reference is not None:
            others = mean_by_user(by_query[reference][mask], users[mask])
            part["difference"] = {reference: difference_interval(values - others, level)}
    return slices, {
        "metric": headline,
        "baseline": reference,
        "intervals": num_intervals,
        "level": CONFIDENCE_LEVEL,
        "level_of_each": level,
        "min_users": MIN_USERS,
    }


def _metrics_of_slice(
    model: Measurement,
    baselines: Mapping[str, npt.NDArray[np.float64]],
    users: npt.NDArray[np.int64],
    mask: npt.NDArray[np.bool_],
    metrics: Sequence[str],
) -> dict[str, Any]:
    def mean(values: npt.NDArray[np.float64]) -> float | None:
        return float(mean_by_user(values[mask], users[mask]).mean()) if mask.any() else None

    num_users = len(np.unique(users[mask]))
    return {
        "users": num_users,
        "targets": int(mask.sum()),
        "small": num_users < SMALL_SLICE_USERS,
        **{metric: mean(model.by_query[metric]) for metric in metrics},
        "interval": None,
        "difference": None,
        "baselines": {name: mean(values) for name, values in baselines.items()},
    }
