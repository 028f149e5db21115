"""The same metrics on parts of the queries, of the model and beside it of every baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.evaluator import confidence
from components.evaluator.groups import Parts
from components.evaluator.measure import Measurement
from components.evaluator.metrics import mean_by_user

SMALL_SLICE_USERS = 30

Slices = dict[str, dict[str, Any]]


def sliced(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    users: np.ndarray,
    parts: Parts,
    metrics: Sequence[str],
    num_samples: int,
    seed: int,
) -> Slices:
    """Metrics of each part of the queries, averaged per user first.

    Args:
      model: The model's values by query.
      baselines: The same of each baseline.
      users: [num_queries] int64 user codes.
      parts: By label, [num_queries] bool.
      metrics: Names of per-query metrics; the first is the one told of baselines, with intervals.
      num_samples: Bootstrap samples of the intervals.
      seed: Of the samples.

    Returns:
      By label: `users`, `targets`, `small` (fewer than 30 users), each metric (None where there
      are no targets), `interval` of the first metric by its name (None likewise), and `baselines`,
      the first metric of each.
    """
    return {
        label: _slice(model, baselines, users, mask, metrics, num_samples, seed)
        for label, mask in parts.items()
    }


def _slice(
    model: Measurement,
    baselines: Mapping[str, Measurement],
    users: np.ndarray,
    mask: np.ndarray,
    metrics: Sequence[str],
    num_samples: int,
    seed: int,
) -> dict[str, Any]:
    def by_user(measured: Measurement, metric: str) -> np.ndarray:
        return mean_by_user(measured.by_query[metric][mask], users[mask])

    num_users = len(np.unique(users[mask]))
    values = {metric: by_user(model, metric) for metric in metrics}
    headline = metrics[0]
    interval = None
    if num_users:
        one = {headline: values[headline]}
        interval = confidence.intervals(one, num_samples, seed)
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


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
