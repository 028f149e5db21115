"""The best candidates of many queries at once, without sorting the catalogue."""

import numpy as np

from components.evaluator.columns import NO_ITEM

_NUM_GROUPS = 1024
# The bound is sought among the maxima of fewer groups: that is quicker and hardly lower.
_GROUPS_PER_LISTED = 16


# (query, item) of items that are left out, each [num_pairs] int64.
Pairs = tuple[np.ndarray, np.ndarray]


def best_items(scores: np.ndarray, seen: Pairs, top_k: int) -> np.ndarray:
    """Lists the candidates that score highest; of those that score the same, lower rows first.

    Columns are dealt into groups, of which one pass takes the maxima. The k highest maxima of
    groups without a seen item are scores of k items that are left. Whatever is among the k best
    scores at least as much as the lowest of them, and so does the maximum of its group: nothing
    else is looked at again.

    Args:
      scores: [num_queries, num_items] float32; -inf is never listed.
      seen: What is never listed either.
      top_k: How many to list.

    Returns:
      [num_queries, top_k] int64 rows of the catalogue, best first, NO_ITEM where fewer are left.

    Raises:
      FloatingPointError: A score is NaN.
    """
    rounds, rest = _dealt(scores, _NUM_GROUPS)
    maxima = rounds.max(axis=1)
    if np.isnan(maxima).any() or np.isnan(rest).any():
        raise FloatingPointError("a score is NaN, so the candidates have no order")
    wider, _ = _dealt(_without(seen, maxima), _GROUPS_PER_LISTED * top_k)
    least = _kth_highest(wider.max(axis=1), top_k)[:, np.newaxis]
    of_group, group = np.nonzero(maxima >= least)
    pair, step = np.nonzero(rounds[of_group, :, group] >= least[of_group])
    of_rest, column = np.nonzero(rest >= least)
    query = np.concatenate([of_group[pair], of_rest])
    num_dealt = scores.shape[1] - rest.shape[1]
    item = np.concatenate([step * maxima.shape[1] + group[pair], num_dealt + column])
    is_left = ~_is_among(seen, query, item, scores.shape[1]) & (scores[query, item] != -np.inf)
    query, item = query[is_left], item[is_left]
    order = np.lexsort((item, -scores[query, item], query))
    query, item = query[order], item[order]
    place = np.arange(len(query)) - np.searchsorted(query, query)
    top = np.full((len(scores), top_k), NO_ITEM, np.int64)
    is_listed = place < top_k
    top[query[is_listed], place[is_listed]] = item[is_listed]
    return top


def _dealt(scores: np.ndarray, max_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Deals columns into groups, as many to each, and says what is left over.

    Returns:
      [num_queries, num_rounds, num_groups]: group g has the columns g, g + num_groups, …; and
      [num_queries, fewer than num_groups].
    """
    num_queries, num_columns = scores.shape
    num_groups = min(num_columns, max_groups)
    num_dealt = num_columns // num_groups * num_groups
    return scores[:, :num_dealt].reshape(num_queries, -1, num_groups), scores[:, num_dealt:]


def _without(seen: Pairs, maxima: np.ndarray) -> np.ndarray:
    """The maxima with -inf for every group that has a seen item."""
    query, item = seen
    unseen = maxima.copy()
    unseen[query, item % maxima.shape[1]] = -np.inf  # of a group or, harmlessly, of the rest
    return unseen


def _kth_highest(maxima: np.ndarray, k: int) -> np.ndarray:
    """[num_queries] float32; -inf where there are fewer than k groups."""
    num_queries, num_groups = maxima.shape
    if num_groups < k:
        return np.full(num_queries, -np.inf, np.float32)
    return np.partition(maxima, num_groups - k, axis=1)[:, num_groups - k]


def _is_among(seen: Pairs, query: np.ndarray, item: np.ndarray, num_items: int) -> np.ndarray:
    """[num_pairs] bool: whether (query, item) is one of the seen pairs."""
    keys = np.sort(seen[0] * num_items + seen[1])
    key = query * num_items + item
    return np.searchsorted(keys, key, "right") > np.searchsorted(keys, key, "left")
