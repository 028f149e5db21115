"""Selects the settings of baselines on the eval split.

Baselines are tuned so that a comparison with them is fair: by the metric of the model gates, on
successive queries of the eval split, without the test split. The ranking for users without a
history is tuned on the eval queries of such users, by MRR, as for the model.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from components.evaluator.baselines.baseline import (
    Baseline,
    BaselineSettings,
    FittedBaseline,
    Point,
    Tunable,
    baseline_scorer,
)
from components.evaluator.baselines.grid_search import describe_search, search_grid
from components.evaluator.columns import NO_ITEM, EventColumns, recent_items
from components.evaluator.metric_limits import SENSITIVE_METRIC, metric_limits
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.protocol import sample_users, successive_protocol
from components.evaluator.queries import Queries
from components.evaluator.ranking import rank_queries
from schemas.errors import InputError
from schemas.features import EVAL_SPLIT
from schemas.metrics import LIST_LENGTH, accuracy_names

# With 3,000 queries, the choices on the demo log are noisy: 10,000 give those of 6,000.
MAX_QUERIES = 6000
DEFAULT_METRIC = f"recall@{LIST_LENGTH}"
# The mean reciprocal rank of fewer users is too noisy for a choice.
MIN_NEW_USERS = 20
_QUERIES_PER_CHUNK = 16_384


class SettingSelector(Protocol):
    """A rule that selects the settings of a baseline."""

    def select(self, tunable: Tunable) -> FittedBaseline:
        """Fits the baseline with the selected or with the default settings.

        Returns:
          The fitted baseline; its settings include how they were selected.
        """

    def for_new_users(self) -> "SettingSelector":
        """The rule that selects the ranking for users without a history."""


@dataclass(frozen=True)
class BestOnEval:
    """Selects the settings with the best metric on eval queries; the first ones among ties.

    Attributes:
      events: Events of the eval split.
      queries: The queries on which all settings are evaluated.
      num_items: Number of items in the catalogue.
      max_history: The maximum number of past events in a request.
      merge_runs: Whether consecutive events of one item are one event of the history.
      new_users: The queries of users without a history; None if there are too few of them.
      cutoffs: Values of k for Recall@k, if `metric` is one of them.
      metric: One of `schemas.metrics.accuracy_names(cutoffs)`.
    """

    events: EventColumns
    queries: Queries
    num_items: int
    max_history: int
    merge_runs: bool = False
    new_users: Queries | None = None
    cutoffs: tuple[int, ...] = (LIST_LENGTH,)
    metric: str = DEFAULT_METRIC

    def select(self, tunable: Tunable) -> FittedBaseline:
        """Searches the settings (`grid_search`) and returns the best baseline.

        Settings that cannot be fitted are skipped; if none can be fitted, the last one is returned,
        with the reason among its settings. At most two fitted baselines are in memory at a time.
        """
        best: FittedBaseline | None = None
        left_out: FittedBaseline | None = None
        best_value = float("-inf")

        def evaluate(points: Sequence[Point]) -> dict[Point, float]:
            nonlocal best, best_value, left_out
            values = {}
            for candidate in tunable.fit(points):
                if candidate.baseline is None:
                    left_out = candidate
                    continue
                point = tuple(float(candidate.settings[axis.name]) for axis in tunable.axes)
                values[point] = self.value(candidate.baseline)
                if values[point] > best_value:
                    best, best_value = candidate, values[point]
                # Release a worse candidate before the next one is fitted.
                del candidate
            return values

        tried = search_grid(tunable.axes, evaluate)
        if best is None:
            if left_out is None:
                raise ValueError("the grid of settings is empty: give at least one setting")
            return left_out
        selection: BaselineSettings = {
            f"eval_{self.metric}": best_value,
            "eval_users": self.queries.num_users,
            "chosen_among": len(tried),
            **describe_search(tunable.axes, tried),
        }
        return replace(best, settings={**best.settings, **selection})

    def for_new_users(self) -> "BestOnEval":
        """Selects by MRR on the queries of new users, or on all queries if they are too few."""
        queries = self.queries if self.new_users is None else self.new_users
        return replace(self, queries=queries, metric=SENSITIVE_METRIC)

    def value(self, baseline: Baseline) -> float:
        """The metric of a baseline on the eval queries, averaged over users."""
        scorer = baseline_scorer(
            baseline, self.events, self.queries, self.max_history, self.merge_runs
        )
        ranking = rank_queries(scorer, self.queries, self.num_items, top_k=0)
        by_query = accuracy(ranking, self.cutoffs)[self.metric]
        return float(mean_by_user(by_query, self.queries.user).mean())


@dataclass(frozen=True)
class DefaultSetting:
    """Uses default settings, because the eval split has no queries that can compare settings.

    Attributes:
      reason: Why there are no such queries.
    """

    reason: str

    def select(self, tunable: Tunable) -> FittedBaseline:
        """Fits the baseline with its default settings; the result's include the reason."""
        fitted = next(iter(tunable.fit([tunable.default])))
        if fitted.baseline is None:
            return fitted
        return replace(fitted, settings={**fitted.settings, "not_chosen": self.reason})

    def for_new_users(self) -> "DefaultSetting":
        """Uses the default settings for new users too."""
        return self


def selector_on_eval_split(
    splits: Mapping[str, EventColumns],
    num_items: int,
    exclude_seen: bool,
    max_history: int,
    seed: int,
    metric: str = DEFAULT_METRIC,
    cutoffs: Iterable[int] = (LIST_LENGTH,),
    max_queries: int = MAX_QUERIES,
) -> SettingSelector:
    """Returns a selector on successive queries of the eval split, or on defaults if it has none.

    Args:
      splits: Events of all splits.
      num_items: Number of items in the catalogue.
      exclude_seen: Whether to exclude items that the user had interacted with before, as in
        `successive_protocol`. If so, consecutive events of one item are one event of the history.
      max_history: The maximum number of past events in a request.
      seed: Seed for the sampling of users above `max_queries`.
      metric: The metric to select by. If it has no value per query, recall@10 is used instead. If
        the metric has the same value for every ranking, MRR is used instead.
      cutoffs: Values of k for Recall@k.
      max_queries: The maximum number of queries; if there are more, users are sampled.
    """
    cutoffs = tuple(cutoffs)
    if not splits[EVAL_SPLIT].is_target.any():
        return DefaultSetting("the eval split has no target event")
    try:
        protocol = successive_protocol(splits, exclude_seen, sys.maxsize, seed, EVAL_SPLIT)
    except InputError:
        return DefaultSetting(
            "all target events of the eval split are on items that their users had seen before"
        )
    metric = metric if metric in accuracy_names(cutoffs) else DEFAULT_METRIC
    queries = sample_users(protocol.queries, max_queries, seed)
    limits = metric_limits(queries, num_items, cutoffs)
    if limits.is_constant(SENSITIVE_METRIC):
        return DefaultSetting("every candidate of the queries of the eval split is relevant")
    return BestOnEval(
        events=splits[EVAL_SPLIT],
        queries=queries,
        num_items=num_items,
        max_history=max_history,
        merge_runs=exclude_seen,
        new_users=_new_users(splits[EVAL_SPLIT], protocol.queries, max_history, max_queries, seed),
        cutoffs=cutoffs,
        metric=SENSITIVE_METRIC if limits.is_constant(metric) else metric,
    )


def _new_users(
    events: EventColumns, queries: Queries, max_history: int, max_queries: int, seed: int
) -> Queries | None:
    """The queries without a history, of all users; None if they are of fewer than 20 users."""
    is_new = np.zeros(len(queries), bool)
    for first in range(0, len(queries), _QUERIES_PER_CHUNK):
        rows = slice(first, first + _QUERIES_PER_CHUNK)
        history = recent_items(events, queries.position[rows], max_history)
        is_new[rows] = (history == NO_ITEM).all(axis=1)
    new = queries.select(is_new)
    return sample_users(new, max_queries, seed) if new.num_users >= MIN_NEW_USERS else None
