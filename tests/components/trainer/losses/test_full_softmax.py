"""The softmax over the catalogue: loss and gradients equal a NumPy implementation."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.losses import full_softmax
from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.full_softmax import FullSoftmaxLoss
from components.trainer.time import item_dynamics
from components.trainer.time.first_seen import AppearanceTimes
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import NUM_FEATURES, NUM_PERIODS, RecentPopularity

RNG = np.random.default_rng(2)
NUM_ITEMS, DIM, NUM_QUERIES = 6, 4, 7
ROWS = RNG.integers(NUM_ITEMS, size=NUM_QUERIES).astype(np.int32)
WEIGHTS = RNG.uniform(0.5, 2.0, NUM_QUERIES).astype(np.float32)
ITEMS = RNG.normal(size=(NUM_ITEMS, DIM)).astype(np.float32)
TIMES = np.arange(200) * 60
POPULARITY = RecentPopularity(
    RNG.integers(NUM_ITEMS, size=200).astype(np.int32), TIMES, np.full(NUM_ITEMS, -1)
)


def softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def time_of(period: int) -> int:
    """Returns the first second of a period."""
    return int(TIMES[period * len(TIMES) // NUM_PERIODS]) if period < NUM_PERIODS else 10**9


def loss_and_gradients(
    queries: npt.NDArray[np.float32], time_s: list[int], dynamics: ItemDynamics, lag: int = 0
) -> tuple[float, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Returns the loss and its gradients by query and by item."""
    layer = FullSoftmaxLoss(0.5, NUM_ITEMS, dynamics)
    query, items = tf.constant(queries), tf.constant(ITEMS)
    with tf.GradientTape() as tape:
        tape.watch([query, items])
        targets = TargetQueries(
            query, WEIGHTS, tf.constant(ROWS), tf.constant(time_s, tf.int64), tf.constant(lag)
        )
        scored = ScoredItems(tf.range(NUM_ITEMS), items, tf.zeros([0], tf.int32))
        loss = 3.0 * layer(targets, scored)
    by_query, by_item = tape.gradient(loss, [query, items])
    return loss.numpy() / 3.0, by_query.numpy() / 3.0, by_item.numpy() / 3.0


@pytest.mark.parametrize("scores_per_block", [2**21, 2 * NUM_ITEMS, 1])
def test_loss_and_gradients_equal_the_definition(
    scores_per_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_softmax, "_SCORES_PER_BLOCK", scores_per_block)
    queries = RNG.normal(size=(NUM_QUERIES, DIM)).astype(np.float32)

    loss, by_query, by_item = loss_and_gradients(queries, [0] * NUM_QUERIES, ItemDynamics())

    expected_loss, expected_by_query = 0.0, np.zeros_like(queries)
    expected_by_item = np.zeros_like(ITEMS)
    for n, (query, row, weight) in enumerate(zip(queries, ROWS, WEIGHTS, strict=True)):
        probability = softmax(ITEMS @ query / 0.5)
        expected_loss -= weight * np.log(probability[row])
        score_gradient = (probability - np.eye(NUM_ITEMS)[row]) / 0.5 * weight
        expected_by_query[n] = score_gradient @ ITEMS
        expected_by_item += np.outer(score_gradient, query)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_allclose(by_query, expected_by_query, atol=1e-5)
    np.testing.assert_allclose(by_item, expected_by_item, atol=1e-5)


def test_item_features_are_as_of_a_lag_before_the_first_query_of_a_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(item_dynamics, "_GROUPS", 2)
    queries = RNG.normal(size=(NUM_QUERIES, DIM + NUM_FEATURES)).astype(np.float32)
    time_s = [time_of(period) for period in (3, 3, 9, 9, 20, NUM_PERIODS, NUM_PERIODS)]

    loss, by_query, by_item = loss_and_gradients(queries, time_s, ItemDynamics(POPULARITY), lag=5)

    expected_loss, expected_by_query = 0.0, np.zeros_like(queries)
    expected_by_item = np.zeros_like(ITEMS)
    for n, (query, row, weight) in enumerate(zip(queries, ROWS, WEIGHTS, strict=True)):
        temporal = POPULARITY.features(tf.constant([0, 15][n // 4]), tf.range(NUM_ITEMS)).numpy()
        items = np.concatenate([ITEMS, temporal], axis=1)
        probability = softmax(items @ query / 0.5)
        expected_loss -= weight * np.log(probability[row])
        score_gradient = (probability - np.eye(NUM_ITEMS)[row]) / 0.5 * weight
        expected_by_query[n] = score_gradient @ items
        expected_by_item += np.outer(score_gradient, query[:DIM])
    assert loss == pytest.approx(expected_loss, rel=1e-4)
    np.testing.assert_allclose(by_query, expected_by_query, atol=1e-4)
    np.testing.assert_allclose(by_item, expected_by_item, atol=1e-4)


@pytest.mark.parametrize("popularity", [None, POPULARITY])
@pytest.mark.parametrize("scores_per_block", [2**20, 2 * NUM_ITEMS])
def test_an_item_is_no_negative_before_it_appears(
    popularity: RecentPopularity | None, scores_per_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_dynamics, "_GROUPS", 3)
    monkeypatch.setattr(full_softmax, "_SCORES_PER_BLOCK", scores_per_block)
    row, appears_s = 4, 400
    available_s = np.full(NUM_ITEMS, -1)
    available_s[row] = appears_s
    # It is the last target of the last complete group, and has not appeared by the end of the
    # group before.
    time_s = [0, 100, 200, 300, 350, appears_s, 500]
    group = [slice(0, 3), slice(3, 6), slice(6, 7)]
    if scores_per_block < NUM_ITEMS * 3:
        group = [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 7)]
    rows = np.array([0, 1, 2, 3, 0, row, 1], np.int32)
    monkeypatch.setitem(globals(), "ROWS", rows)
    targets = rows, np.array(time_s), available_s
    width = DIM if popularity is None else DIM + NUM_FEATURES
    queries = RNG.normal(size=(NUM_QUERIES, width)).astype(np.float32)

    loss, by_query, by_item = loss_and_gradients(
        queries, time_s, ItemDynamics(popularity, AppearanceTimes(*targets))
    )

    expected_loss, expected_by_query = 0.0, np.zeros_like(queries)
    expected_by_item = np.zeros_like(ITEMS)
    for members in group:
        items = ITEMS
        if popularity is not None:
            period = popularity.period(tf.constant(time_s[members.start], tf.int64))
            temporal = popularity.features(period, tf.range(NUM_ITEMS)).numpy()
            items = np.concatenate([ITEMS, temporal], axis=1)
        has_appeared = time_s[members.stop - 1] >= appears_s
        for n in range(members.start, members.stop):
            scores = items @ queries[n] / 0.5
            if not has_appeared:
                scores[row] = -np.inf
            probability = softmax(scores)
            expected_loss -= WEIGHTS[n] * np.log(probability[ROWS[n]])
            score_gradient = (probability - np.eye(NUM_ITEMS)[ROWS[n]]) / 0.5 * WEIGHTS[n]
            expected_by_query[n] = score_gradient @ items
            expected_by_item += np.outer(score_gradient, queries[n][:DIM])
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_allclose(by_query, expected_by_query, atol=1e-4)
    np.testing.assert_allclose(by_item, expected_by_item, atol=1e-4)


def test_the_loss_of_no_query_is_0() -> None:
    no_queries = TargetQueries(
        tf.zeros([0, DIM]),
        tf.zeros([0]),
        tf.zeros([0], tf.int32),
        tf.zeros([0], tf.int64),
        tf.constant(0),
    )
    candidates = ScoredItems(tf.range(NUM_ITEMS), tf.constant(ITEMS), tf.zeros([0], tf.int32))

    assert FullSoftmaxLoss(1.0, NUM_ITEMS, ItemDynamics())(no_queries, candidates) == 0.0
