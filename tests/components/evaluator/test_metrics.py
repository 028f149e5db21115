"""Each accuracy metric compared with its formula, evaluated by hand."""

from collections.abc import Sequence
from math import log2

import numpy as np
import pytest

from components.evaluator import metrics
from components.evaluator.columns import NO_ITEM
from components.evaluator.ranking import Ranking
from schemas.metrics import accuracy_names


def ranking_of(*ranks: Sequence[int]) -> Ranking:
    """Builds a ranking from the ranks of the relevant items of each query."""
    offsets = np.cumsum([0, *(len(query) for query in ranks)])
    return Ranking(np.concatenate(ranks), offsets, np.full((len(ranks), 10), NO_ITEM))


ONE_EACH = ranking_of([1], [2], [10], [11], [200])
# Three relevant items, two of them in the top 4; twelve in the top 12; one just below the top 10.
SEVERAL = ranking_of([1, 4, 30], range(1, 13), [11])


def test_one_relevant_item_per_query() -> None:
    assert metrics.recall(ONE_EACH, 10).tolist() == [1, 1, 1, 0, 0]
    assert metrics.recall(ONE_EACH, 1).tolist() == [1, 0, 0, 0, 0]
    assert metrics.hit_rate(ONE_EACH, 10).tolist() == [1, 1, 1, 0, 0]
    assert metrics.ndcg(ONE_EACH, 10).tolist() == pytest.approx(
        [1, 1 / log2(3), 1 / log2(11), 0, 0], abs=1e-12
    )
    assert metrics.ndcg(ONE_EACH, 100)[3] == pytest.approx(1 / log2(12))
    assert metrics.reciprocal_rank(ONE_EACH).tolist() == [1, 1 / 2, 1 / 10, 1 / 11, 1 / 200]
    assert metrics.average_precision(ONE_EACH, 10).tolist() == [1, 1 / 2, 1 / 10, 0, 0]


def test_recall_divides_by_the_largest_possible_number_of_hits() -> None:
    assert metrics.recall(SEVERAL, 10).tolist() == [2 / 3, 10 / 10, 0]
    assert metrics.recall(SEVERAL, 2).tolist() == [1 / 2, 2 / 2, 0]
    assert metrics.recall(SEVERAL, 100).tolist() == [1, 1, 1]


def test_hit_rate_and_reciprocal_rank_use_only_the_best_rank() -> None:
    assert metrics.hit_rate(SEVERAL, 10).tolist() == [1, 1, 0]
    assert metrics.reciprocal_rank(SEVERAL).tolist() == [1, 1, 1 / 11]


def test_ndcg_divides_by_the_dcg_of_an_ideal_ranking() -> None:
    ideal_of_3 = 1 + 1 / log2(3) + 1 / log2(4)

    result = metrics.ndcg(SEVERAL, 10)

    assert result.tolist() == pytest.approx([(1 + 1 / log2(5)) / ideal_of_3, 1, 0])
    assert metrics.ndcg(SEVERAL, 100)[0] == pytest.approx(
        (1 + 1 / log2(5) + 1 / log2(31)) / ideal_of_3
    )


def test_average_precision_sums_the_precision_at_each_relevant_item() -> None:
    result = metrics.average_precision(SEVERAL, 10)

    assert result.tolist() == pytest.approx([(1 / 1 + 2 / 4) / 3, 10 / 10, 0])
    assert metrics.average_precision(SEVERAL, 100)[0] == pytest.approx((1 + 2 / 4 + 3 / 30) / 3)


def test_mean_by_user_averages_the_queries_of_each_user() -> None:
    users = np.array([7, 7, 7, 7, 2])

    by_user = metrics.mean_by_user(metrics.recall(ONE_EACH, 10), users)

    assert by_user.tolist() == [0, 3 / 4]


def test_metric_names_equal_those_of_the_schema_and_include_recall_at_10() -> None:
    assert tuple(metrics.accuracy(ONE_EACH, (5,))) == accuracy_names((5,))
    assert {"recall@5", "recall@10"} < set(accuracy_names((5,)))
