"""The worst and the best value that a metric can have on given queries.

If they are equal, the metric has this value for every ranking, so it cannot compare two models. An
example is recall@10 if no query has more than ten candidates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.queries import Queries
from components.evaluator.ranking import Ranking
from schemas.metrics import COVERAGE, LIST_LENGTH, NDCG_CUTOFFS

Metrics = Mapping[str, float]

# The metric proposed in place of one that cannot compare: it depends on every position.
SENSITIVE_METRIC = "mrr"
_QUERIES_PER_CHUNK = 4096


@dataclass(frozen=True)
class MetricLimits:
    """The worst and the best value of each metric on some queries.

    Attributes:
      worst: For each accuracy metric, its value if the relevant items of every query are last.
      best: For each accuracy metric, its value if the relevant items of every query are first.
      max_candidates: The largest number of candidates of a query.
    """

    worst: dict[str, float]
    best: dict[str, float]
    max_candidates: int

    def is_constant(self, metric: str) -> bool:
        """Whether the metric has the same value for every ranking."""
        if metric == COVERAGE:
            return self.max_candidates <= LIST_LENGTH
        return self.worst[metric] == self.best[metric]

    def is_best(self, metric: str, value: float) -> bool:
        """Whether no ranking has a larger value; False for metrics that are not of accuracy."""
        return metric in self.best and value >= self.best[metric]


def metric_limits(queries: Queries, num_items: int, cutoffs: Iterable[int]) -> MetricLimits:
    """Computes the limits of every accuracy metric.

    Args:
      queries: The queries, with their relevant and excluded items.
      num_items: Number of items in the catalogue.
      cutoffs: Values of k for Recall@k; LIST_LENGTH is added to them.
    """
    cutoffs = tuple(cutoffs)
    num_relevant = np.diff(queries.offsets)
    # With this many candidates, no metric is constant.
    enough = max(*cutoffs, LIST_LENGTH, *NDCG_CUTOFFS) + int(num_relevant.max(initial=0)) + 1
    num_candidates = _num_candidates(queries, num_items, enough)
    best_ranks = np.arange(len(queries.item)) - np.repeat(queries.offsets[:-1], num_relevant) + 1
    last_ranks = best_ranks + np.repeat(num_candidates - num_relevant, num_relevant)
    return MetricLimits(
        worst=_values(last_ranks, queries, cutoffs),
        best=_values(best_ranks, queries, cutoffs),
        max_candidates=int(num_candidates.max(initial=0)),
    )


def _values(
    ranks: npt.NDArray[np.int64], queries: Queries, cutoffs: Iterable[int]
) -> dict[str, float]:
    no_lists = np.empty((len(queries), 0), np.int64)
    by_query = accuracy(Ranking(ranks, queries.offsets, no_lists), cutoffs)
    return {
        name: float(mean_by_user(values, queries.user).mean()) for name, values in by_query.items()
    }


def _num_candidates(queries: Queries, num_items: int, enough: int) -> npt.NDArray[np.int64]:
    """Returns the [num_queries] numbers of candidates.

    The items that a query excludes may contain repeats. They are counted without repeats only if
    that decides whether the query has `enough` candidates.
    """
    seen = queries.seen
    counts = num_items - (seen.stop - seen.start) - np.diff(seen.tied_offsets)
    few = np.flatnonzero(counts < enough)
    for first in range(0, len(few), _QUERIES_PER_CHUNK):
        chunk = few[first : first + _QUERIES_PER_CHUNK]
        is_in_chunk = np.zeros(len(counts), bool)
        is_in_chunk[chunk] = True
        row, item = seen.select(is_in_chunk).pairs(slice(0, len(chunk)))
        different = np.unique(row * num_items + item) // num_items
        counts[chunk] = num_items - np.bincount(different, minlength=len(chunk))
    return counts


def why_undecided(metric: str, model: Metrics, limits: MetricLimits) -> str | None:
    """Returns why the metric cannot compare rankings, and what to do; None if it can."""
    if not limits.is_constant(metric):
        return None
    reason = f"undecided: {metric} is {model[metric]:.4f} for every ranking, because "
    if limits.is_constant(SENSITIVE_METRIC):
        return reason + "every candidate of the queries is relevant; no other metric can decide"
    return (
        f"{reason}no query has more than {limits.max_candidates} candidates; set "
        f"evaluation.gates.metric to {SENSITIVE_METRIC} (it is {model[SENSITIVE_METRIC]:.4f} for "
        "this model)"
    )
