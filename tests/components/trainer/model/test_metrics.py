"""Recall by counting has the same values as TFRS's FactorizedTopK."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import tensorflow_recommenders as tfrs

from components.trainer.model import metrics
from components.trainer.model.metrics import CountingTopK

DIM = 4
Vectors = npt.NDArray[np.float32]
# Queries, rows of the true candidates, and weights.
Batches = Sequence[tuple[Vectors, npt.NDArray[np.int32], Vectors | None]]


def by_counting(candidates: Vectors, ks: tuple[int, ...]) -> CountingTopK:
    metric = CountingTopK(len(candidates), candidates.shape[1], ks)
    metric.refill(tf.constant(candidates))
    return metric


def brute_force(candidates: Vectors, ks: tuple[int, ...]) -> tfrs.metrics.FactorizedTopK:
    index = tfrs.layers.factorized_top_k.BruteForce(k=max(ks))
    return tfrs.metrics.FactorizedTopK(
        index.index(tf.constant(candidates), tf.range(len(candidates))), ks
    )


def streaming(candidates: Vectors, ks: tuple[int, ...]) -> tfrs.metrics.FactorizedTopK:
    return tfrs.metrics.FactorizedTopK(
        tf.data.Dataset.from_tensor_slices(candidates).batch(max(2, len(candidates) // 3)), ks
    )


def results(metric: tfrs.metrics.Factorized, candidates: Vectors, batches: Batches) -> list[float]:
    for queries, rows, weights in batches:
        known = np.clip(rows, 0, len(candidates) - 1)
        metric.update_state(
            tf.constant(queries),
            tf.constant(candidates[known]),
            true_candidate_ids=tf.constant(rows),
            sample_weight=None if weights is None else tf.constant(weights),
        )
    return [float(value) for value in metric.result()]


def batches_of(
    rng: np.random.Generator, num_items: int, sizes: list[int], values: int, weighted: bool
) -> Batches:
    return [
        (
            vectors(rng, size, values),
            rng.integers(num_items, size=size).astype(np.int32),
            rng.integers(0, 4, size).astype(np.float32) if weighted else None,
        )
        for size in sizes
    ]


def vectors(rng: np.random.Generator, num: int, values: int) -> Vectors:
    """Returns integers below `values`, whose products are often tied, or for 0 normal numbers."""
    drawn = rng.integers(values, size=(num, DIM)) if values else rng.normal(size=(num, DIM))
    return drawn.astype(np.float32)


@pytest.mark.parametrize("num_items", [1, 2, 40])
@pytest.mark.parametrize("values", [0, 1, 3], ids=["no ties", "all tied", "many ties"])
def test_the_values_equal_those_of_tfrs(num_items: int, values: int) -> None:
    rng = np.random.default_rng(num_items + values)
    ks = metrics.cutoffs(num_items)
    for weighted in (False, True):
        candidates = vectors(rng, num_items, values)
        batches = batches_of(rng, num_items, [7, 1, 30], values, weighted)

        counted = results(by_counting(candidates, ks), candidates, batches)

        assert counted == results(brute_force(candidates, ks), candidates, batches)
        assert counted == results(streaming(candidates, ks), candidates, batches)


@pytest.mark.parametrize("queries_per_block", [1, 64, 256])
def test_the_size_of_blocks_changes_no_value(
    queries_per_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_QUERIES_PER_BLOCK", queries_per_block)
    rng = np.random.default_rng(1)
    ks = (1, 5, 10, 50, 100)
    candidates = vectors(rng, 1_000, values=4)
    batches = batches_of(rng, 1_000, [300, 0, 64, 1], values=4, weighted=True)

    counted = results(by_counting(candidates, ks), candidates, batches)

    assert counted == results(brute_force(candidates, ks), candidates, batches)
    assert 0 < counted[-1] < 1


def test_many_candidates_are_scored_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_SCORES_PER_BLOCK", 100)
    shapes = []
    count = metrics._count_before

    def spy(queries: tf.Tensor, *inputs: tf.Tensor) -> tf.Tensor:
        shapes.append((queries.shape[0], inputs[-1].shape[1]))
        return count(queries, *inputs)

    monkeypatch.setattr(metrics, "_count_before", spy)
    rng = np.random.default_rng(1)
    candidates = vectors(rng, 30, values=0)

    results(by_counting(candidates, (1,)), candidates, batches_of(rng, 30, [10], 0, weighted=False))

    assert shapes == [(100 // 30, 30)] * 4  # ten queries, three per block


def test_the_names_equal_those_of_tfrs() -> None:
    candidates = np.zeros((12, DIM), np.float32)
    names = [metric.name for metric in by_counting(candidates, (1, 10)).metrics]

    assert names == [metric.name for metric in brute_force(candidates, (1, 10)).metrics]
    assert names == [metrics.metric_name(1), metrics.metric_name(10)]


def test_candidates_may_change_between_validations() -> None:
    queries = np.eye(DIM, dtype=np.float32)
    rows = np.arange(DIM, dtype=np.int32)
    candidates = np.eye(DIM, dtype=np.float32)
    metric = by_counting(candidates, (1,))

    @tf.function(autograph=False)
    def validate() -> None:
        metric.update_state(tf.constant(queries), None, true_candidate_ids=tf.constant(rows))

    validate()
    assert metric.result()[0] == 1.0
    metric.reset_states()
    metric.refill(tf.constant(candidates[[1, 0, 2, 3]]))
    validate()
    assert metric.result()[0] == 2 / 4


@pytest.mark.parametrize("row", [-1, 3])
def test_an_id_that_is_no_candidate_is_a_miss(row: int) -> None:
    candidates = np.ones((3, DIM), np.float32)
    batch = [(candidates[:1], np.array([row], np.int32), None)]

    assert results(by_counting(candidates, (1, 3)), candidates, batch) == [0.0, 0.0]
    assert results(brute_force(candidates, (1, 3)), candidates, batch) == [0.0, 0.0]


def test_a_nan_score_is_a_miss() -> None:
    candidates = np.full((3, DIM), np.nan, np.float32)
    batch = [(np.ones((1, DIM), np.float32), np.array([0], np.int32), None)]

    assert results(by_counting(candidates, (1, 2)), candidates, batch) == [0.0, 0.0]
    assert results(brute_force(candidates, (1, 2)), candidates, batch) == [0.0, 0.0]


def test_recall_at_more_than_all_candidates_is_1() -> None:
    candidates = np.ones((3, DIM), np.float32)
    batch = [(candidates, np.arange(3, dtype=np.int32), None)]

    # of tied candidates the first row precedes: 1 of 3 at cutoff 1, 2 of 3 at cutoff 2
    assert results(by_counting(candidates, (1, 2, 9)), candidates, batch) == pytest.approx(
        [1 / 3, 2 / 3, 1]
    )


def test_an_update_without_ids_is_an_error() -> None:
    candidates = np.ones((3, DIM), np.float32)

    with pytest.raises(ValueError, match="pass `true_candidate_ids`"):
        by_counting(candidates, (1,)).update_state(tf.constant(candidates), None)


def test_excluded_rows_are_not_ranked() -> None:
    rng = np.random.default_rng(6)
    num_items, num_queries = 20, 300
    candidates = rng.normal(size=(num_items, 4)).astype(np.float32)
    queries = rng.normal(size=(num_queries, 4)).astype(np.float32)
    rows = rng.integers(num_items, size=num_queries).astype(np.int32)
    # includes duplicates, the true row, and numbers that are no row
    excluded = rng.integers(-2, num_items + 3, size=(num_queries, 6)).astype(np.int32)
    metric = by_counting(candidates, (1, 5))

    metric.update_state(queries, queries, rows, excluded_rows=excluded)

    ranks = []
    for score, row, others in zip(queries @ candidates.T, rows, excluded, strict=True):
        ranked = set(range(num_items)) - (set(others.tolist()) - {row})
        ranks.append(sorted(ranked, key=lambda item: -score[item]).index(row))
    expected = [np.mean(np.array(ranks) < k) for k in (1, 5)]
    np.testing.assert_allclose([result.numpy() for result in metric.result()], expected, rtol=1e-6)
