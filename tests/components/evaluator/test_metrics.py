"""Each metric against its formula, worked out as arithmetic."""

from math import log2

import numpy as np
import pytest

from components.evaluator import metrics
from components.evaluator.columns import NO_ITEM
from components.evaluator.ranking import Ranking
from schemas.metrics import metric_names

RANKS = np.array([1, 2, 10, 11, 200])


def test_per_target_values() -> None:
    assert metrics.recall(RANKS, 10).tolist() == [1, 1, 1, 0, 0]
    assert metrics.recall(RANKS, 1).tolist() == [1, 0, 0, 0, 0]
    assert metrics.hit_rate(RANKS, 10).tolist() == [1, 1, 1, 0, 0]
    assert metrics.ndcg(RANKS, 10).tolist() == pytest.approx(
        [1, 1 / log2(3), 1 / log2(11), 0, 0], abs=1e-12
    )
    assert metrics.ndcg(RANKS, 100)[3] == pytest.approx(1 / log2(12))
    assert metrics.reciprocal_rank(RANKS).tolist() == [1, 1 / 2, 1 / 10, 1 / 11, 1 / 200]
    assert metrics.average_precision(RANKS, 10).tolist() == [1, 1 / 2, 1 / 10, 0, 0]


def test_coverage_counts_distinct_items_and_no_padding() -> None:
    top = np.array([[0, 1], [1, NO_ITEM], [3, 0]])

    assert metrics.coverage(top, num_items=8) == 3 / 8


def test_popularity_percentile_counts_half_of_those_equal() -> None:
    counts = np.array([0, 5, 5, 9])
    percentiles = metrics.popularity_percentiles(counts)

    expected = [0.5 / 4, (1 + 2 / 2) / 4, (1 + 2 / 2) / 4, (3 + 1 / 2) / 4]
    assert percentiles.tolist() == expected
    top = np.array([[3, 0], [1, NO_ITEM], [NO_ITEM, NO_ITEM]])
    assert metrics.popularity_percentile(top, percentiles).tolist() == [
        (expected[3] + expected[0]) / 2,
        expected[1],
        0,
    ]


def test_percentiles_average_to_a_half() -> None:
    counts = np.random.default_rng(1).poisson(3, size=101)

    assert metrics.popularity_percentiles(counts).mean() == pytest.approx(0.5)


def test_users_count_the_same_however_many_targets_they_have() -> None:
    users = np.array([7, 7, 7, 7, 2])
    top = np.zeros((5, 10), np.int64)

    measured = metrics.measure(Ranking(RANKS, top), users, np.array([0.5, 0.5]), cutoffs=(1, 10))

    assert measured.values["recall@10"] == (3 / 4 + 0) / 2
    assert measured.by_user["recall@10"].tolist() == [0, 3 / 4]
    assert measured.values["mrr"] == pytest.approx(
        ((1 + 1 / 2 + 1 / 10 + 1 / 11) / 4 + 1 / 200) / 2
    )
    assert measured.values["coverage@10"] == 1 / 2


def test_names_of_metrics_and_recall_at_10_whatever_the_cutoffs() -> None:
    ranking = Ranking(np.array([1]), np.zeros((1, 10), np.int64))

    measured = metrics.measure(ranking, np.array([0]), np.array([0.5]), cutoffs=(5,))

    assert sorted(measured.values) == sorted(metric_names((5,)))
    assert {"recall@5", "recall@10"} < set(measured.values)
