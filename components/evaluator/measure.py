"""All metrics of one ranking: per query, then a user's mean, then the mean over users."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from components.evaluator import list_metrics
from components.evaluator.columns import NO_ITEM
from components.evaluator.item_popularity import popularity_percentiles
from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.ranking import Ranking
from schemas.metrics import COVERAGE, DIVERSITY, GINI, LIST_LENGTH, POPULARITY_PERCENTILE


@dataclass(frozen=True)
class Items:
    """What metrics know of the catalogue.

    Attributes:
      counts: [num_items] int64, training events of each item.
      content: Of `content.content_vectors`; None where items have no categories.
    """

    counts: np.ndarray
    content: sparse.csr_matrix | None

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def percentiles(self) -> np.ndarray:
        """[num_items] float64, of `popularity_percentiles`."""
        return popularity_percentiles(self.counts)


@dataclass(frozen=True)
class Measurement:
    """What one ranking is worth.

    Attributes:
      by_query: Each metric that has a value per query, [num_queries] float64.
      by_user: The same averaged over each user's queries, [num_users] float64.
      values: Each metric as one number: the mean over users, or of all lists together.
    """

    by_query: dict[str, np.ndarray]
    by_user: dict[str, np.ndarray]
    values: dict[str, float]


def measure(
    ranking: Ranking, users: np.ndarray, items: Items, cutoffs: Iterable[int]
) -> Measurement:
    """Computes every metric of a ranking.

    Args:
      ranking: Ranks and top lists.
      users: [num_queries] int64, user codes.
      items: The catalogue.
      cutoffs: K of Recall@K; 10 is always among them.
    """
    top = ranking.top[:, :LIST_LENGTH]
    by_query = accuracy(ranking, cutoffs)
    by_query[POPULARITY_PERCENTILE] = list_metrics.popularity_percentile(top, items.percentiles)
    if items.content is not None:
        by_query[DIVERSITY] = list_metrics.intra_list_diversity(top, items.content)
    by_user = {name: mean_by_user(values, users) for name, values in by_query.items()}
    values = {name: float(means.mean()) for name, means in by_user.items()}
    values[COVERAGE] = list_metrics.coverage(top, len(items))
    values[GINI] = list_metrics.gini(np.bincount(top[top != NO_ITEM], minlength=len(items)))
    return Measurement(by_query, by_user, values)
