"""Metrics compared with RecTools, an independent implementation, on random rankings.

RecTools divides recall and average precision by the number of relevant items, this project by
min(k, number of relevant items). Both are equal if a query has at most k relevant items.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from rectools import Columns
from rectools import metrics as rectools
from rectools.metrics.base import MetricAtK
from scipy import sparse

from components.evaluator import list_metrics, metrics
from components.evaluator.queries import Queries
from components.evaluator.ranking import Ranking, rank_queries
from tests.components.evaluator.logs import queries_of

NUM_ITEMS, NUM_QUERIES, K = 40, 60, 10


@pytest.fixture(scope="module")
def scores() -> npt.NDArray[np.float32]:
    generator = np.random.default_rng(21)
    return generator.permuted(
        np.tile(np.arange(NUM_ITEMS, dtype=np.float32), (NUM_QUERIES, 1)), axis=1
    )


@pytest.fixture(scope="module")
def queries() -> Queries:
    """One query per user, with 1 to 9 relevant items."""
    generator = np.random.default_rng(22)
    sizes = generator.integers(1, K, NUM_QUERIES)
    relevant = [generator.choice(NUM_ITEMS, size, replace=False).tolist() for size in sizes]
    return queries_of(relevant, [set()] * NUM_QUERIES)


@pytest.fixture(scope="module")
def ranking(scores: npt.NDArray[np.float32], queries: Queries) -> Ranking:
    return rank_queries(lambda rows: scores[rows].copy(), queries, NUM_ITEMS)


@pytest.fixture(scope="module")
def recommended(scores: npt.NDArray[np.float32]) -> pd.DataFrame:
    user, place = np.divmod(np.arange(scores.size), NUM_ITEMS)
    items = np.argsort(-scores, axis=1).ravel()
    return pd.DataFrame({Columns.User: user, Columns.Item: items, Columns.Rank: place + 1})


@pytest.fixture(scope="module")
def relevant_items(queries: Queries) -> pd.DataFrame:
    query = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
    return pd.DataFrame({Columns.User: query, Columns.Item: queries.item})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (rectools.Recall(K), metrics.recall),
        (rectools.HitRate(K), metrics.hit_rate),
        (rectools.NDCG(K, divide_by_achievable=True), metrics.ndcg),
        (rectools.NDCG(3, divide_by_achievable=True), lambda r, _: metrics.ndcg(r, 3)),
        (rectools.MAP(K), metrics.average_precision),
        (rectools.MRR(NUM_ITEMS), lambda r, _: metrics.reciprocal_rank(r)),
    ],
    ids=["recall@10", "hit_rate@10", "ndcg@10", "ndcg@3", "map@10", "mrr"],
)
def test_accuracy(
    theirs: MetricAtK,
    ours: Callable[[Ranking, int], npt.NDArray[np.float64]],
    ranking: Ranking,
    recommended: pd.DataFrame,
    relevant_items: pd.DataFrame,
) -> None:
    expected = theirs.calc_per_user(recommended, relevant_items).sort_index().to_numpy()

    np.testing.assert_allclose(ours(ranking, K), expected, atol=1e-12)


def test_coverage(ranking: Ranking, recommended: pd.DataFrame) -> None:
    expected = rectools.CatalogCoverage(3, normalize=True).calc(
        recommended, catalog=range(NUM_ITEMS)
    )

    assert list_metrics.coverage(ranking.top[:, :3], NUM_ITEMS) == expected


def test_diversity_equals_mean_hamming_distance_for_one_category_per_item(
    ranking: Ranking, recommended: pd.DataFrame
) -> None:
    """With one category per item, both distances are 0 for equal and 1 for other categories."""
    category = np.random.default_rng(23).integers(0, 5, NUM_ITEMS)
    features = pd.DataFrame({"category": category}, index=range(NUM_ITEMS))
    distances = rectools.PairwiseHammingDistanceCalculator(features)
    expected = rectools.IntraListDiversity(K, distances).calc_per_user(recommended)
    one_hot = sparse.csr_matrix(np.eye(5)[category])

    result = list_metrics.intra_list_diversity(ranking.top, one_hot)

    np.testing.assert_allclose(result, expected.sort_index().to_numpy(), atol=1e-12)
