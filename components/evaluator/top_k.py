"""Top-K selection for a batch of queries, without sorting the catalogue."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.evaluator.columns import NO_ITEM

_NUM_GROUPS = 1024
# The lower bound is taken from the maxima of fewer groups: this is faster, and the bound is hardly
# lower.
_GROUPS_PER_PLACE = 16

# Float32 for models, float64 for baselines.
Scores = npt.NDArray[np.floating[Any]]
# (query, item) pairs of items that must not be returned, [num_pairs] int64 each.
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def top_k_items(scores: Scores, seen: Pairs, top_k: int) -> npt.NDArray[np.int64]:
    """Returns the candidates with the highest scores; among equal scores, lower rows first.

    Algorithm: columns are assigned to groups round-robin, and the maximum of each group is computed
    in one pass. The k-th highest maximum of the groups without a seen item is a lower bound for the
    k-th highest score of the candidates. Only groups whose maximum reaches this bound can contain
    one of the k best candidates, so only their scores are compared and sorted.

    Args:
      scores: [num_queries, num_items]; items with the score -inf are never returned.
      seen: Pairs of query and item that must not be returned.
      top_k: Number of items to return.

    Returns:
      [num_queries, top_k] int64, rows of the catalogue, best first; NO_ITEM where fewer candidates
      are left.

    Raises:
      FloatingPointError: A score is NaN.

    Example:
      Item 3 is excluded; the items 1 and 2 are tied.

      >>> scores = np.array([[0.1, 0.5, 0.5, 0.9]], np.float32)
      >>> top_k_items(scores, seen=(np.array([0]), np.array([3])), top_k=4).tolist()
      [[1, 2, 0, -1]]
    """
    rounds, rest = _assign_groups(scores, _NUM_GROUPS)
    maxima = rounds.max(axis=1)
    if np.isnan(maxima).any() or np.isnan(rest).any():
        raise FloatingPointError("a score is NaN, so the candidates cannot be ranked")
    wider, _ = _assign_groups(_without_seen_groups(seen, maxima), _GROUPS_PER_PLACE * top_k)
    bound = _kth_highest(wider.max(axis=1), top_k)[:, np.newaxis]
    query_of_group, group = np.nonzero(maxima >= bound)
    pair, step = np.nonzero(rounds[query_of_group, :, group] >= bound[query_of_group])
    query_of_rest, column = np.nonzero(rest >= bound)
    query = np.concatenate([query_of_group[pair], query_of_rest])
    num_grouped = scores.shape[1] - rest.shape[1]
    item = np.concatenate([step * maxima.shape[1] + group[pair], num_grouped + column])
    is_candidate = ~_is_seen(seen, query, item, scores.shape[1]) & (scores[query, item] != -np.inf)
    query, item = query[is_candidate], item[is_candidate]
    order = np.lexsort((item, -scores[query, item], query))
    query, item = query[order], item[order]
    place = np.arange(len(query)) - np.searchsorted(query, query)
    top = np.full((len(scores), top_k), NO_ITEM, np.int64)
    is_listed = place < top_k
    top[query[is_listed], place[is_listed]] = item[is_listed]
    return top


def _assign_groups(scores: Scores, max_groups: int) -> tuple[Scores, Scores]:
    """Assigns columns to groups of equal size, round-robin.

    Returns:
      The grouped columns, [num_queries, num_rounds, num_groups], where group g has the columns g,
      g + num_groups, ...; and the remaining columns, [num_queries, fewer than num_groups].
    """
    num_queries, num_columns = scores.shape
    num_groups = min(num_columns, max_groups)
    num_grouped = num_columns // num_groups * num_groups
    return scores[:, :num_grouped].reshape(num_queries, -1, num_groups), scores[:, num_grouped:]


def _without_seen_groups(seen: Pairs, maxima: Scores) -> Scores:
    """Copies the maxima, with -inf for each group that contains a seen item.

    For a seen item among the remaining columns this removes a group without need, so the bound may
    be lower, but remains valid.
    """
    query, item = seen
    unseen = maxima.copy()
    unseen[query, item % maxima.shape[1]] = -np.inf
    return unseen


def _kth_highest(maxima: Scores, k: int) -> Scores:
    """[num_queries]: the k-th highest maximum; -inf if there are fewer than k groups."""
    num_queries, num_groups = maxima.shape
    if num_groups < k:
        return np.full(num_queries, -np.inf, np.float32)
    return np.partition(maxima, num_groups - k, axis=1)[:, num_groups - k]


def _is_seen(
    seen: Pairs, query: npt.NDArray[np.int64], item: npt.NDArray[np.int64], num_items: int
) -> npt.NDArray[np.bool_]:
    """[num_pairs] bool: whether (query, item) is one of the seen pairs."""
    keys = np.sort(seen[0] * num_items + seen[1])
    key = query * num_items + item
    return np.searchsorted(keys, key, "right") > np.searchsorted(keys, key, "left")
