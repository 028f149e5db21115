"""Metrics of what is recommended, whatever is relevant: how varied, how popular, to how many.

Lists are [num_queries, k] rows of the catalogue, NO_ITEM where fewer are left.
"""

import numpy as np
from scipy import sparse

from components.evaluator.columns import NO_ITEM


def coverage(top: np.ndarray, num_items: int) -> float:
    """Catalogue coverage@k = |items recommended to anyone in the top k| / |catalogue|."""
    return len(np.unique(top[top != NO_ITEM])) / num_items


def gini(counts: np.ndarray) -> float:
    """Gini index: 0 where all items have the same count, near 1 where one has them all.

    With counts x_1 <= … <= x_n: sum over i of (2i - n - 1) · x_i / (n · sum of x). Items that
    nobody was recommended count with 0 (Gini, 1912; of recommendations: Fleder and Hosanagar,
    2009, "Blockbuster Culture's Next Rise or Fall").

    Args:
      counts: [num_items], how often each was recommended.
    """
    ordered = np.sort(counts).astype(np.float64)
    num_items = len(ordered)
    weights = 2.0 * np.arange(1, num_items + 1) - num_items - 1
    return float(weights @ ordered / (num_items * max(1.0, ordered.sum())))


def popularity_percentile(top: np.ndarray, percentiles: np.ndarray) -> np.ndarray:
    """Mean popularity percentile@k: 0.5 is the average item, 1 the best known, [num_queries].

    The lower, the more novel is what is recommended.

    Args:
      top: Lists.
      percentiles: [num_items], of `item_popularity.popularity_percentiles`.
    """
    is_item = top != NO_ITEM
    values = np.where(is_item, percentiles[top], 0.0)
    return values.sum(axis=1) / np.maximum(1, is_item.sum(axis=1))


def intra_list_diversity(top: np.ndarray, content: sparse.csr_matrix) -> np.ndarray:
    """Intra-list diversity@k (Ziegler et al., 2005), [num_queries].

    ILD@k = mean over the pairs of a list's items of 1 - cosine of their content; an item without
    content is like no other. 0 for a list of fewer than two items.

    The cosines of all pairs of a list of unit vectors follow from the length of their sum:
    sum over pairs = (|sum of vectors|² - sum of |vector|²) / 2.

    Args:
      top: Lists.
      content: [num_items, num_tokens] rows of length 1, or 0 where an item has no content.
    """
    query, place = np.nonzero(top != NO_ITEM)
    ones = np.ones(len(query))
    lists = sparse.csr_matrix(
        (ones, (query, top[query, place])), shape=(len(top), content.shape[0])
    )
    has_content = np.asarray(content.multiply(content).sum(axis=1)).ravel()
    sums = lists @ content
    squared_sum = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
    length = np.bincount(query, minlength=len(top))
    num_pairs = length * (length - 1) / 2
    similarity = (squared_sum - lists @ has_content) / 2
    return np.where(num_pairs > 0, 1.0 - similarity / np.maximum(1, num_pairs), 0.0)
