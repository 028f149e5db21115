"""Computes all metrics of a ranking: per query, per user and as one number."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator import list_metrics
from components.evaluator.columns import NO_ITEM
from components.evaluator.history import SeenItems
from components.evaluator.item_popularity import popularity_percentiles
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.ranking import Ranking
from schemas.metrics import (
    COVERAGE,
    DIVERSITY,
    GINI,
    LIST_LENGTH,
    POPULARITY_PERCENTILE,
    REPEATS,
)


@dataclass(frozen=True)
class ItemStatistics:
    """The popularity and the content of the catalogue's items, as metrics need them.

    Attributes:
      counts: [num_items] int64, training events of each item.
      content: [num_items, num_tokens], computed by `content_vectors.content_vectors`; None if
        items have no category features.
    """

    counts: npt.NDArray[np.int64]
    content: sparse.csr_matrix | None

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def percentiles(self) -> npt.NDArray[np.float64]:
        """[num_items] float64, computed by `item_popularity.popularity_percentiles`."""
        return popularity_percentiles(self.counts)


@dataclass(frozen=True)
class Measurement:
    """The metrics of one ranking.

    Attributes:
      by_query: For each metric that has a value per query, [num_queries] float64.
      by_user: The means of these values over the queries of each user, [num_users] float64.
      values: Each metric as one number: the mean over users; for coverage and the Gini index, the
        value over all lists.
    """

    by_query: dict[str, npt.NDArray[np.float64]]
    by_user: dict[str, npt.NDArray[np.float64]]
    values: dict[str, float]


def measure(
    ranking: Ranking,
    users: npt.NDArray[np.int64],
    items: ItemStatistics,
    cutoffs: Iterable[int],
    seen: SeenItems | None = None,
) -> Measurement:
    """Computes all metrics of a ranking.

    Args:
      ranking: Ranks and recommended lists.
      users: [num_queries] int64, user codes.
      items: Statistics of the catalogue's items.
      cutoffs: Values of k for Recall@k; LIST_LENGTH is added to them.
      seen: The items that the users had interacted with, if the ranking may contain some of them.
        REPEATS is measured only then.
    """
    top = ranking.top[:, :LIST_LENGTH]
    by_query = accuracy(ranking, cutoffs)
    by_query[POPULARITY_PERCENTILE] = list_metrics.popularity_percentile(top, items.percentiles)
    if items.content is not None:
        by_query[DIVERSITY] = list_metrics.intra_list_diversity(top, items.content)
    if seen is not None:
        by_query[REPEATS] = list_metrics.repeats(top, seen)
    by_user = {name: mean_by_user(values, users) for name, values in by_query.items()}
    values = {name: float(means.mean()) for name, means in by_user.items()}
    values[COVERAGE] = list_metrics.coverage(top, len(items))
    values[GINI] = list_metrics.gini(np.bincount(top[top != NO_ITEM], minlength=len(items)))
    return Measurement(by_query, by_user, values)
