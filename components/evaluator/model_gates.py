"""Applies all gates on a model to the results of an evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from components.current_model.state import CurrentModelState
from components.evaluator.gate import (
    baseline_gates,
    coverage_gates,
    embedding_gates,
    minimum_gates,
    why_undecided,
)
from components.evaluator.held_out import EvaluationResult, HeldOutData
from components.evaluator.metric_limits import MetricLimits, metric_limits
from components.evaluator.paired_comparison import PairedComparison
from components.evaluator.served_gate import ServedComparison, later_targets, served_gates
from components.evaluator.slice_masks import SliceMasks
from components.gate import GateResult
from schemas.evaluation_settings import EvaluationSettings
from schemas.features import TRAIN_SPLIT
from schemas.metrics import EVENT_TYPE, ITEM_POPULARITY, SUCCESSIVE, USER_ACTIVITY
from schemas.settings import DataSettings

# The dimensions whose slices must not fall by default, with those of `evaluation.slices`. The
# others are left out because the intervals of fewer slices are narrower.
_DEFAULT_SLICES = (USER_ACTIVITY, ITEM_POPULARITY, EVENT_TYPE)


def train_end_s(held_out: HeldOutData) -> int:
    """Returns the time of the last event of the train split, in seconds since the epoch."""
    return int(held_out.events[TRAIN_SPLIT].timestamp.max())


def check_model_gates(
    headline: Mapping[str, Any],
    health: Mapping[str, Any],
    served: ServedComparison | None,
    dimensions: Mapping[str, SliceMasks],
    held_out: HeldOutData,
    settings: EvaluationSettings,
) -> list[GateResult]:
    """Returns the results of all gates on a model, except that of its parity.

    Args:
      headline: The sections `test` and `confidence` of the headline protocol.
      health: The result of `embedding_health`.
      served: The values of the model and of the one that serves; None if no model is served.
      dimensions: For each dimension and slice, [num_queries] bool, whether a query is in it.
      held_out: The held-out data.
      settings: Settings of the evaluation and its gates.
    """
    queries, num_items = held_out.headline.queries, len(held_out.items)
    gates, test = settings.gates, headline["test"]
    limits = metric_limits(queries, num_items, settings.cutoffs)
    names = (*_DEFAULT_SLICES, *settings.slices) if gates.slices is None else gates.slices
    return [
        *_baseline_gates(headline, limits, queries.num_users, settings),
        *minimum_gates(gates, test["model"], limits),
        *served_gates(
            gates,
            served,
            {name: dimensions[name] for name in names if name in dimensions},
            settings.bootstrap_samples,
            settings.seed,
            why_undecided(gates.metric, test["model"], limits),
        ),
        *coverage_gates(gates, test["model"], len(queries), num_items),
        *embedding_gates(gates, health, len(queries), num_items),
    ]


def compare_served(
    model: EvaluationResult,
    served: EvaluationResult,
    version: CurrentModelState,
    held_out: HeldOutData,
    data: DataSettings,
    metric: str,
    missing_inputs: Sequence[str] = (),
) -> ServedComparison:
    """Returns the values of a metric for a model and for the version that serves, by query.

    Args:
      model: The result of the model.
      served: The result of the proven towers of the version that serves.
      version: That version.
      held_out: The held-out data.
      data: Settings of the log: its split, its times and the rules for its ids.
      metric: The name of the metric.
      missing_inputs: The inputs of the proven towers that the settings no longer define.
    """
    queries = held_out.headline.queries
    is_compared, targets = _compared_targets(held_out, data, version)
    if missing_inputs:
        targets += (
            f"; the settings no longer define its inputs {', '.join(missing_inputs)}, which were "
            "sent as missing values"
        )
    return ServedComparison(
        version=str(version.version),
        metric=metric,
        model=model.measurements[SUCCESSIVE].by_query[metric],
        served=served.measurements[SUCCESSIVE].by_query[metric],
        users=queries.user,
        is_compared=is_compared,
        targets=targets,
        doubt=_other_ids(data, version),
    )


def _compared_targets(
    held_out: HeldOutData, data: DataSettings, version: CurrentModelState
) -> tuple[npt.NDArray[np.bool_], str]:
    """Selects the targets that neither train split contains: [num_queries] bool, and their name.

    With `leave_one_out`, the train split ends at another time for each user, so that its last event
    does not show which targets it contains. If both splits have this policy, neither contains the
    last target of a user, which is that of the test split.
    """
    queries = held_out.headline.queries
    time_s = held_out.events[queries.split].timestamp[queries.position]
    if data.split.policy == version.split_policy == "leave_one_out":
        return np.ones(len(time_s), bool), "all targets, because both splits are leave_one_out"
    if data.interactions.has_row_order and version.train_end_s is not None:
        return np.zeros(len(time_s), bool), (
            "targets later than its train split, because this log has no times (row_order)"
        )
    return later_targets(time_s, train_end_s(held_out), version.train_end_s)


def _other_ids(data: DataSettings, version: CurrentModelState) -> str | None:
    """Returns why ids of this run are unknown to the served version; None if they are not.

    The version applies the rules of its own training to ids. Its ids therefore differ from those of
    this run only if this run has a rule that its training did not have.
    """
    missing = [rule.value for rule in data.ids.normalise if rule.value not in version.id_rules]
    if not missing:
        return None
    return (
        f"undecided: version {version.version}, which serves, was trained without the rules "
        f"{', '.join(missing)} of ids.normalise, so that ids of this run are unknown to it"
    )


def _baseline_gates(
    headline: Mapping[str, Any], limits: MetricLimits, num_users: int, settings: EvaluationSettings
) -> list[GateResult]:
    """The gates against the baselines, from the intervals that the report shows."""
    metric = settings.gates.metric
    model, baselines = headline["test"]["model"], headline["test"]["baselines"]
    comparisons = {}
    for name, values in baselines.items():
        low, high = headline["confidence"][f"model_minus_{name}"][metric]
        comparisons[name] = PairedComparison(
            metric, model[metric], values[metric], low, high, num_users
        )
    return baseline_gates(settings.gates, model, baselines, comparisons, limits)
