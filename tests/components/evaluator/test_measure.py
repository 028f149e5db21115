"""All metrics of a ranking."""

import numpy as np
import pytest
from scipy import sparse

from components.evaluator.measure import ItemStatistics, measure
from components.evaluator.ranking import Ranking
from schemas.metrics import COVERAGE, DIVERSITY, GINI, POPULARITY_PERCENTILE, accuracy_names

RANKS = np.array([1, 2, 10, 11, 200])
USERS = np.array([7, 7, 7, 7, 2])
TOP = np.array([[0, 1]] * 4 + [[0, 2]])
COUNTS = np.array([4, 2, 1, 0])


def ranking() -> Ranking:
    return Ranking(RANKS, np.arange(6), TOP)


def test_users_have_equal_weight_regardless_of_their_number_of_queries() -> None:
    measured = measure(ranking(), USERS, ItemStatistics(COUNTS, None), cutoffs=(1, 10))

    assert measured.values["recall@10"] == (3 / 4 + 0) / 2
    assert measured.by_user["recall@10"].tolist() == [0, 3 / 4]
    assert measured.values["mrr"] == pytest.approx(
        ((1 + 1 / 2 + 1 / 10 + 1 / 11) / 4 + 1 / 200) / 2
    )
    percentile = [(3 + 0.5) / 4, (2 + 0.5) / 4, (1 + 0.5) / 4]
    assert measured.values[POPULARITY_PERCENTILE] == pytest.approx(
        ((percentile[0] + percentile[1]) / 2 + (percentile[0] + percentile[2]) / 2) / 2
    )


def test_coverage_and_gini_are_computed_over_all_lists() -> None:
    measured = measure(ranking(), USERS, ItemStatistics(COUNTS, None), cutoffs=(1, 10))

    assert measured.values[COVERAGE] == 3 / 4
    # Recommended 5, 4, 1 and 0 times; ordered with the weights -3, -1, 1, 3.
    assert measured.values[GINI] == pytest.approx((-1 * 1 + 1 * 4 + 3 * 5) / (4 * 10))


def test_diversity_is_computed_only_if_items_have_content() -> None:
    content = sparse.csr_matrix(np.eye(4))

    without = measure(ranking(), USERS, ItemStatistics(COUNTS, None), cutoffs=(10,))
    measured = measure(ranking(), USERS, ItemStatistics(COUNTS, content), cutoffs=(10,))

    assert set(measured.values) - set(without.values) == {DIVERSITY}
    assert set(without.values) == {
        *accuracy_names((10,)), POPULARITY_PERCENTILE, COVERAGE, GINI,
    }  # fmt: skip
    assert measured.values[DIVERSITY] == 1.0
