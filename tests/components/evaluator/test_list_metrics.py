"""Metrics of recommended lists compared with their formulas, evaluated by hand."""

from math import sqrt

import numpy as np
import pytest
from scipy import sparse

from components.evaluator import list_metrics
from components.evaluator.columns import NO_ITEM
from components.evaluator.item_popularity import popularity_percentiles


def test_coverage_counts_distinct_items_without_unfilled_places() -> None:
    top = np.array([[0, 1], [1, NO_ITEM], [3, 0]])

    assert list_metrics.coverage(top, num_items=8) == 3 / 8


def test_gini_of_equal_concentrated_and_mixed_counts() -> None:
    assert list_metrics.gini(np.array([3, 3, 3, 3])) == 0
    assert list_metrics.gini(np.array([0, 0, 8, 0])) == 3 / 4
    # Ordered 1, 2, 5 with the weights -2, 0, 2.
    assert list_metrics.gini(np.array([5, 1, 2])) == pytest.approx((-2 * 1 + 2 * 5) / (3 * 8))
    assert list_metrics.gini(np.array([0, 0])) == 0


def test_gini_is_half_the_relative_mean_difference_of_all_pairs() -> None:
    counts = np.random.default_rng(2).poisson(2, size=60)

    pairs = np.abs(counts[:, None] - counts[None, :]).mean()
    assert list_metrics.gini(counts) == pytest.approx(pairs / (2 * counts.mean()))


def test_popularity_percentile_is_the_mean_over_the_list() -> None:
    counts = np.array([0, 5, 5, 9])
    percentiles = popularity_percentiles(counts)

    expected = [0.5 / 4, (1 + 2 / 2) / 4, (1 + 2 / 2) / 4, (3 + 1 / 2) / 4]
    assert percentiles.tolist() == expected
    top = np.array([[3, 0], [1, NO_ITEM], [NO_ITEM, NO_ITEM]])
    assert list_metrics.popularity_percentile(top, percentiles).tolist() == [
        (expected[3] + expected[0]) / 2,
        expected[1],
        0,
    ]


def test_diversity_is_the_mean_cosine_distance_of_pairs() -> None:
    half = 1 / sqrt(2)
    content = sparse.csr_matrix([[1, 0], [0, 1], [half, half], [0, 0]])
    top = np.array([[0, 1, 2], [0, 0, NO_ITEM], [0, 3, NO_ITEM], [1, NO_ITEM, NO_ITEM]])

    result = list_metrics.intra_list_diversity(top, content)

    assert result.tolist() == pytest.approx(
        [((1 - 0) + (1 - half) + (1 - half)) / 3, 1 - 1, 1 - 0, 0], abs=1e-12
    )
