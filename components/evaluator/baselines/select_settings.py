"""Selects the settings of baselines on the eval split.

Baselines are tuned so that a comparison with them is fair: by the metric of the model gates, on
successive queries of the eval split, without the test split.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from components.evaluator.baselines.baseline import (
    Baseline,
    FitGrid,
    FittedBaseline,
    SettingT,
    baseline_scorer,
)
from components.evaluator.columns import EventColumns
from components.evaluator.metric_limits import SENSITIVE_METRIC, metric_limits
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.protocol import successive_protocol
from components.evaluator.queries import Queries
from components.evaluator.ranking import rank_queries
from schemas.errors import InputError
from schemas.features import EVAL_SPLIT
from schemas.metrics import LIST_LENGTH, accuracy_names

# The standard error of a recall of 0.1 over 3000 queries is about 0.005.
MAX_QUERIES = 3000
DEFAULT_METRIC = f"recall@{LIST_LENGTH}"


class SettingSelector(Protocol):
    """A rule that selects one setting of a baseline."""

    def select(
        self, fit: FitGrid[SettingT], grid: Sequence[SettingT], default: SettingT
    ) -> FittedBaseline:
        """Fits the baseline with a setting of `grid` or with `default`.

        Args:
          fit: Fits the baseline for each setting of a grid.
          grid: The settings to select from.
          default: The setting to use if no selection is possible.

        Returns:
          The fitted baseline; its settings include how they were selected.
        """


@dataclass(frozen=True)
class BestOnEval:
    """Selects the setting with the best metric on eval queries; the first one among ties.

    Attributes:
      events: Events of the eval split.
      queries: The queries on which every setting is evaluated.
      num_items: Number of items in the catalogue.
      max_history: The maximum number of past events in a request.
      cutoffs: Values of k for Recall@k, if `metric` is one of them.
      metric: One of `schemas.metrics.accuracy_names(cutoffs)`.
    """

    events: EventColumns
    queries: Queries
    num_items: int
    max_history: int
    cutoffs: tuple[int, ...] = (LIST_LENGTH,)
    metric: str = DEFAULT_METRIC

    def select(
        self, fit: FitGrid[SettingT], grid: Sequence[SettingT], default: SettingT
    ) -> FittedBaseline:
        """Fits all settings of `grid` and returns the best one.

        Settings that cannot be fitted are skipped; if none can be fitted, the last one is returned,
        with the reason among its settings. At most two fitted baselines are in memory at a time.
        """
        best: FittedBaseline | None = None
        left_out: FittedBaseline | None = None
        best_value, num_fitted = float("-inf"), 0
        for candidate in fit(grid):
            if candidate.baseline is None:
                left_out = candidate
                continue
            num_fitted += 1
            value = self.value(candidate.baseline)
            if best is None or value > best_value:
                best, best_value = candidate, value
            # Release a worse candidate before the next one is fitted.
            del candidate
        if best is None:
            if left_out is None:
                raise ValueError("the grid of settings is empty: give at least one setting")
            return left_out
        selection = {f"eval_{self.metric}": best_value, "chosen_among": num_fitted}
        return replace(best, settings={**best.settings, **selection})

    def value(self, baseline: Baseline) -> float:
        """The metric of a baseline on the eval queries, averaged over users."""
        scorer = baseline_scorer(baseline, self.events, self.queries, self.max_history)
        ranking = rank_queries(scorer, self.queries, self.num_items, top_k=1)
        by_query = accuracy(ranking, self.cutoffs)[self.metric]
        return float(mean_by_user(by_query, self.queries.user).mean())


@dataclass(frozen=True)
class DefaultSetting:
    """Uses the default setting, because the eval split has no queries that can compare settings.

    Attributes:
      reason: Why there are no such queries.
    """

    reason: str

    def select(
        self, fit: FitGrid[SettingT], grid: Sequence[SettingT], default: SettingT
    ) -> FittedBaseline:
        """Fits the baseline with `default`; its settings include the reason."""
        fitted = next(iter(fit([default])))
        if fitted.baseline is None:
            return fitted
        return replace(fitted, settings={**fitted.settings, "not_chosen": self.reason})


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
        `successive_protocol`.
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
        protocol = successive_protocol(splits, exclude_seen, max_queries, seed, EVAL_SPLIT)
    except InputError:
        return DefaultSetting(
            "all target events of the eval split are on items that their users had seen before"
        )
    metric = metric if metric in accuracy_names(cutoffs) else DEFAULT_METRIC
    limits = metric_limits(protocol.queries, num_items, cutoffs)
    if limits.is_constant(SENSITIVE_METRIC):
        return DefaultSetting("every candidate of the queries of the eval split is relevant")
    return BestOnEval(
        events=splits[EVAL_SPLIT],
        queries=protocol.queries,
        num_items=num_items,
        max_history=max_history,
        cutoffs=cutoffs,
        metric=SENSITIVE_METRIC if limits.is_constant(metric) else metric,
    )
