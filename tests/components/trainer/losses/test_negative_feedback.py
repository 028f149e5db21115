"""The term of negative feedback: loss and gradients equal a NumPy implementation."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.losses import negative_feedback
from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.negative_feedback import negative_feedback_loss

RNG = np.random.default_rng(3)
NUM_ITEMS, DIM, TEMPERATURE = 6, 4, 0.5
ITEMS = RNG.normal(size=(NUM_ITEMS, DIM)).astype(np.float32)
TARGETS = np.array([0, 3, 5, 1], np.int32)
WEIGHTS = np.array([0.5, 2.0, 1.0, 1.5], np.float32)
# The second query has no negative.
NEGATIVES = np.array([[-1, 2, -1, 4, 1], [-1] * 5, [0, 1, 2, 3, 4], [-1, -1, -1, -1, 5]], np.int32)


@pytest.mark.parametrize(("max_negatives", "num_temporal"), [(32, 0), (2, 0), (32, 3)])
def test_loss_and_gradients_equal_the_definition(
    max_negatives: int, num_temporal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(negative_feedback, "MAX_NEGATIVES", max_negatives)
    queries = RNG.normal(size=(len(TARGETS), DIM + num_temporal)).astype(np.float32)
    query, items = tf.constant(queries), tf.constant(ITEMS)
    with tf.GradientTape() as tape:
        tape.watch([query, items])
        targets = TargetQueries(
            query, WEIGHTS, tf.constant(TARGETS), tf.zeros([4], tf.int64), tf.constant(0)
        )
        scored = ScoredItems(tf.range(NUM_ITEMS), items, tf.zeros([0], tf.int32))
        loss = negative_feedback_loss(targets, scored, tf.constant(NEGATIVES), TEMPERATURE)
    by_query, by_item = (
        tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(loss, [query, items])
    )

    expected, expected_by_query = 0.0, np.zeros_like(queries)
    expected_by_item = np.zeros_like(ITEMS)
    for n, (target, weight) in enumerate(zip(TARGETS, WEIGHTS, strict=True)):
        newest = [row for row in NEGATIVES[n] if row >= 0][-max_negatives:]
        for row in newest:
            difference = queries[n, :DIM] @ (ITEMS[row] - ITEMS[target]) / TEMPERATURE
            share = weight / len(newest)
            expected += share * np.log1p(np.exp(difference))
            slope = share / (1.0 + np.exp(-difference)) / TEMPERATURE
            expected_by_query[n, :DIM] += slope * (ITEMS[row] - ITEMS[target])
            expected_by_item[row] += slope * queries[n, :DIM]
            expected_by_item[target] -= slope * queries[n, :DIM]
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(by_query, expected_by_query, atol=1e-5)
    np.testing.assert_allclose(by_item, expected_by_item, atol=1e-5)


def test_a_step_without_negatives_has_no_loss() -> None:
    targets = TargetQueries(
        tf.zeros([0, DIM]),
        tf.zeros([0]),
        tf.zeros([0], tf.int32),
        tf.zeros([0], tf.int64),
        tf.constant(0),
    )
    scored = ScoredItems(tf.range(NUM_ITEMS), tf.constant(ITEMS), tf.zeros([0], tf.int32))
    assert float(negative_feedback_loss(targets, scored, tf.zeros([0, 3], tf.int32))) == 0.0
