"""How often a model recommends items to which the user later gives explicit negative feedback.

For each successive query, the items are those of the next MAX_ITEMS events of negative feedback of
its user, without the items that the query excludes. Lower is better.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import EventColumns
from components.evaluator.confidence import Intervals, paired_bootstrap_intervals
from components.evaluator.history import Timeline
from components.evaluator.metrics import mean_by_user
from components.evaluator.negative_history import NegativeFeedback
from components.evaluator.queries import Queries
from components.evaluator.ranking import Ranking
from schemas.metrics import LATER_NEGATIVES_CUTOFFS, later_negatives_name

ByUser = dict[str, npt.NDArray[np.float64]]
# Bounds the number of pairs of a query and an item.
MAX_ITEMS = 100


def later_negatives(queries: Queries, splits: Mapping[str, EventColumns]) -> Queries | None:
    """Returns the queries with the items of later negative feedback in place of relevant items.

    Args:
      queries: Successive queries of a split.
      splits: Events of all splits, which together contain the complete history of each user.

    Returns:
      The queries that have such items; None if there are none.
    """
    feedback = NegativeFeedback.of(Timeline.from_splits(splits.values()))
    if feedback is None:
        return None
    query, item = feedback.items_after_event(splits[queries.split], queries.position, MAX_ITEMS)
    is_candidate = ~queries.seen.contains(query, item)
    query, item = query[is_candidate], item[is_candidate]
    num_items = np.bincount(query, minlength=len(queries))
    if not len(item):
        return None
    offsets = np.concatenate([[0], np.cumsum(num_items)])
    return replace(queries, item=item, offsets=offsets).select(num_items > 0)


def shares_by_user(ranking: Ranking, users: npt.NDArray[np.int64]) -> ByUser:
    """Returns the share of the items of a query that have rank <= k, as means by user.

    Example: the items of the first user have the ranks 3, 40 and 500, that of the second user 7.

    >>> ranking = Ranking(np.array([3, 40, 500, 7]), np.array([0, 3, 4]), np.empty((2, 0), int))
    >>> shares = shares_by_user(ranking, np.array([0, 1]))
    >>> {name: by_user.round(2).tolist() for name, by_user in shares.items()}
    {'later_negatives@10': [0.33, 1.0], 'later_negatives@100': [0.67, 1.0]}

    Args:
      ranking: The ranks of the items.
      users: [num_queries] int64, user codes.
    """
    query = np.repeat(np.arange(len(users)), np.diff(ranking.offsets))
    num_items = np.diff(ranking.offsets)
    return {
        later_negatives_name(k): mean_by_user(
            np.bincount(query, ranking.ranks <= k, minlength=len(users)) / num_items, users
        )
        for k in LATER_NEGATIVES_CUTOFFS
    }


def report(
    queries: Queries,
    model: ByUser,
    others: Mapping[str, ByUser],
    num_samples: int,
    seed: int,
) -> dict[str, object]:
    """Returns the section `later_negatives` of `evaluation.json`, as JSON values.

    Args:
      queries: The queries, with the items of later negative feedback.
      model: The shares of the model.
      others: The shares of the baselines and of the model that serves now, by name.
      num_samples: Number of bootstrap samples of the intervals.
      seed: Seed of the bootstrap samples.
    """
    confidence: dict[str, Intervals] = paired_bootstrap_intervals(model, others, num_samples, seed)
    return {
        "users": queries.num_users,
        "queries": len(queries),
        "items": len(queries.item),
        "model": _means(model),
        "others": {name: _means(by_user) for name, by_user in others.items()},
        "confidence": confidence,
    }


def _means(by_user: ByUser) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in by_user.items()}
