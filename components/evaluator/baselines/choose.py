"""Chooses a baseline's settings on the eval split, so that it is as good as it can honestly be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from components.evaluator.baselines.baseline import (
    Baseline,
    FitGrid,
    Fitted,
    Setting,
    baseline_scorer,
)
from components.evaluator.columns import EventColumns
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.protocol import successive
from components.evaluator.queries import Queries
from components.evaluator.ranking import rank_queries
from schemas.errors import InputError
from schemas.features import EVAL_SPLIT
from schemas.metrics import LIST_LENGTH, accuracy_names

# Enough for a standard error of half a hundredth at a recall of 0.1.
MAX_QUERIES = 3000
DEFAULT_METRIC = f"recall@{LIST_LENGTH}"


class Choice(Protocol):
    """How one of several settings is taken."""

    def pick(self, fit: FitGrid[Setting], grid: Sequence[Setting], default: Setting) -> Fitted:
        """Fits with one setting of `grid`, or with `default`, and says how it was taken."""


@dataclass(frozen=True)
class BestOnEval:
    """Takes the setting that is best on eval queries, the first of those that tie.

    Attributes:
      events: Events of the eval split.
      queries: What is asked of every candidate.
      num_items: Rows of the catalogue.
      max_history: The most past events that a request carries.
      cutoffs: K of Recall@K, for `metric`.
      metric: One of `schemas.metrics.accuracy_names(cutoffs)`.
    """

    events: EventColumns
    queries: Queries
    num_items: int
    max_history: int
    cutoffs: tuple[int, ...] = (LIST_LENGTH,)
    metric: str = DEFAULT_METRIC

    def pick(self, fit: FitGrid[Setting], grid: Sequence[Setting], default: Setting) -> Fitted:
        """The best of those of the grid that can be fitted; where none can, the last says why.

        No more than two candidates are held at a time.
        """
        best: Fitted | None = None
        left_out: Fitted | None = None
        best_value, num_fitted = float("-inf"), 0
        for candidate in fit(grid):
            if candidate.baseline is None:
                left_out = candidate
                continue
            num_fitted += 1
            value = self.value(candidate.baseline)
            if best is None or value > best_value:
                best, best_value = candidate, value
            del candidate
        if best is None:
            if left_out is None:
                raise ValueError("a grid of settings is empty: give at least one")
            return left_out
        how = {f"eval_{self.metric}": best_value, "chosen_among": num_fitted}
        return replace(best, settings={**best.settings, **how})

    def value(self, baseline: Baseline) -> float:
        """The mean over users of the metric on the eval queries."""
        scorer = baseline_scorer(baseline, self.events, self.queries, self.max_history)
        ranking = rank_queries(scorer, self.queries, self.num_items, top_k=1)
        by_query = accuracy(ranking, self.cutoffs)[self.metric]
        return float(mean_by_user(by_query, self.queries.user).mean())


@dataclass(frozen=True)
class Default:
    """Takes the default setting where there is nothing to choose by.

    Attributes:
      reason: Why.
    """

    reason: str

    def pick(self, fit: FitGrid[Setting], grid: Sequence[Setting], default: Setting) -> Fitted:
        """Fits with `default` alone."""
        fitted = next(iter(fit([default])))
        if fitted.baseline is None:
            return fitted
        return replace(fitted, settings={**fitted.settings, "not_chosen": self.reason})


def choice_on_eval(
    splits: Mapping[str, EventColumns],
    num_items: int,
    exclude_seen: bool,
    max_history: int,
    seed: int,
    metric: str = DEFAULT_METRIC,
    cutoffs: Iterable[int] = (LIST_LENGTH,),
    max_queries: int = MAX_QUERIES,
) -> Choice:
    """Chooses by successive queries of the eval split, if it has any.

    Args:
      splits: Events of every split.
      num_items: Rows of the catalogue.
      exclude_seen: As for `successive`.
      max_history: The most past events that a request carries.
      seed: Of the draw of users above `max_queries`.
      metric: What to choose by; `recall@10` takes its place where it has no value per query.
      cutoffs: K of Recall@K.
      max_queries: Above this many, whole users are drawn.
    """
    cutoffs = tuple(cutoffs)
    if not splits[EVAL_SPLIT].is_target.any():
        return Default("the eval split has no target event")
    try:
        asked = successive(splits, exclude_seen, max_queries, seed, EVAL_SPLIT)
    except InputError:
        return Default("every target event of the eval split is on an item that its user had seen")
    return BestOnEval(
        events=splits[EVAL_SPLIT],
        queries=asked.queries,
        num_items=num_items,
        max_history=max_history,
        cutoffs=cutoffs,
        metric=metric if metric in accuracy_names(cutoffs) else DEFAULT_METRIC,
    )
