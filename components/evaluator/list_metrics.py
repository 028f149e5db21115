"""Metrics of recommended lists that do not depend on relevance: coverage, novelty and diversity.

Lists are [num_queries, k] int64 rows of the catalogue; unfilled places hold NO_ITEM. All metrics
are computed over lists of at most k = LIST_LENGTH items.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from components.evaluator.columns import NO_ITEM
from components.evaluator.history import SeenItems


def coverage(top: npt.NDArray[np.int64], num_items: int) -> float:
    """Catalogue coverage: |items that occur in at least one list| / |catalogue|.

    Example:
      >>> coverage(np.array([[0, 1], [1, NO_ITEM]]), num_items=4)
      0.5
    """
    return len(np.unique(top[top != NO_ITEM])) / num_items


def gini(counts: npt.NDArray[np.integer[Any]]) -> float:
    """Gini index of the number of recommendations per item.

    For counts sorted in ascending order, x_1 <= ... <= x_n:
    sum over i of (2i - n - 1) · x_i / (n · sum of x). It is 0 if all items are recommended equally
    often, and (n - 1) / n if all recommendations are of one item. Items that are never recommended
    are included with x = 0. It is 0 if nothing is recommended. Sources: Gini (1912); for
    recommendations Fleder and Hosanagar (2009), "Blockbuster Culture's Next Rise or Fall".

    Args:
      counts: [num_items], the number of recommendations of each item.

    Example:
      >>> gini(np.array([3, 3, 3, 3])), gini(np.array([0, 0, 8, 0]))
      (0.0, 0.75)
      >>> gini(np.array([1, 0, 1, 0]))  # (1 · 1 + 3 · 1) / (4 · 2)
      0.5
    """
    ordered = np.sort(counts).astype(np.float64)
    num_items = len(ordered)
    weights = 2.0 * np.arange(1, num_items + 1) - num_items - 1
    return float(weights @ ordered / (num_items * max(1.0, ordered.sum())))


def repeats(top: npt.NDArray[np.int64], seen: SeenItems) -> npt.NDArray[np.float64]:
    """Share of the items of each list that its user had interacted with before.

    Args:
      top: Lists.
      seen: The items of the user of each list.

    Returns:
      [num_queries] float64, in [0, 1]; 0 for an empty list.

    Example:
      The user had interacted with the items 4 and 5, one of which is in the list.

      >>> none = np.array([], np.int64)
      >>> seen = SeenItems(np.array([4, 5]), np.array([0]), np.array([2]), none, np.array([0, 0]))
      >>> repeats(np.array([[1, 5, 2, 3]]), seen).tolist()
      [0.25]
    """
    row, column = np.nonzero(top != NO_ITEM)
    is_repeat = seen.contains(row, top[row, column])
    length = np.maximum(1, np.bincount(row, minlength=len(top)))
    return np.bincount(row, weights=is_repeat, minlength=len(top)) / length


def popularity_percentile(
    top: npt.NDArray[np.int64], percentiles: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean popularity percentile of the items of each list; lower values are more novel.

    Args:
      top: Lists.
      percentiles: [num_items] float64, computed by `item_popularity.popularity_percentiles`.

    Returns:
      [num_queries] float64, in [0, 1]; the mean over the catalogue is 0.5; 0 for an empty list.

    Example:
      >>> percentiles = np.array([0.875, 0.625, 0.375, 0.125])
      >>> popularity_percentile(np.array([[0, 1], [3, NO_ITEM]]), percentiles).tolist()
      [0.75, 0.125]
    """
    is_item = top != NO_ITEM
    values = np.where(is_item, percentiles[top], 0.0)
    return values.sum(axis=1) / np.maximum(1, is_item.sum(axis=1))


def intra_list_diversity(
    top: npt.NDArray[np.int64], content: sparse.csr_matrix
) -> npt.NDArray[np.float64]:
    """Intra-list diversity (Ziegler et al., 2005): the mean of 1 - cosine over all pairs of items.

    The cosine is that of the items' content vectors; it is 0 if an item has no content. The sum
    over all pairs of a list follows from the sum of its vectors v:
    sum of cosines = (|sum of v|² - sum of |v|²) / 2.

    Args:
      top: Lists.
      content: [num_items, num_tokens], rows of length 1, or of length 0 for items without content.

    Returns:
      [num_queries] float64, in [0, 1]; 0 for a list of fewer than two items.

    Example:
      Items 0 and 1 have the same category, item 2 has another one.

      >>> content = sparse.csr_matrix([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
      >>> intra_list_diversity(np.array([[0, 1], [0, 2]]), content).tolist()
      [0.0, 1.0]
      >>> intra_list_diversity(np.array([[0, 1, 2]]), content).round(4).tolist()  # (0 + 1 + 1) / 3
      [0.6667]
    """
    query, place = np.nonzero(top != NO_ITEM)
    ones = np.ones(len(query))
    lists = sparse.csr_matrix(
        (ones, (query, top[query, place])), shape=(len(top), content.shape[0])
    )
    squared_length = np.asarray(content.multiply(content).sum(axis=1)).ravel()
    sums = lists @ content
    squared_sum = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
    length = np.bincount(query, minlength=len(top))
    num_pairs = length * (length - 1) / 2
    similarity = (squared_sum - lists @ squared_length) / 2
    return np.where(num_pairs > 0, 1.0 - similarity / np.maximum(1, num_pairs), 0.0)
