"""The losses with a margin: values and gradients equal a NumPy implementation."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.losses.margins import ContrastiveLoss, TripletLoss

RNG = np.random.default_rng(4)
SCORES = RNG.uniform(-1, 1, size=(3, 5)).astype(np.float32)
LABELS = np.eye(3, 5, dtype=np.float32)
WEIGHTS = np.array([1.0, 2.0, 0.5], np.float32)
MARGIN = 0.3


def value_and_gradient(
    loss: keras.losses.Loss, scores: npt.NDArray[np.float32]
) -> tuple[float, npt.NDArray[np.float32]]:
    y_pred = tf.constant(scores)
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(LABELS, y_pred, sample_weight=WEIGHTS)
    return value.numpy(), tape.gradient(value, y_pred).numpy()


def test_contrastive_loss_and_gradient_equal_the_definition() -> None:
    expected, gradient = 0.0, np.zeros_like(SCORES)
    for row, weight in enumerate(WEIGHTS):
        expected += weight * (1.0 - SCORES[row, row])
        gradient[row, row] = -weight
        above = SCORES[row] - MARGIN
        violating = [column for column in range(5) if column != row and above[column] > 0]
        for column in violating:
            expected += weight * above[column] / len(violating)
            gradient[row, column] = weight / len(violating)

    value, by_score = value_and_gradient(ContrastiveLoss(MARGIN), SCORES)

    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(by_score, gradient, atol=1e-6)


def test_triplet_loss_and_gradient_equal_the_definition() -> None:
    expected, gradient = 0.0, np.zeros_like(SCORES)
    for row, weight in enumerate(WEIGHTS):
        violation = MARGIN - SCORES[row, row] + SCORES[row]
        violating = [column for column in range(5) if column != row and violation[column] > 0]
        for column in violating:
            expected += weight * violation[column] / len(violating)
            gradient[row, column] = weight / len(violating)
            gradient[row, row] -= weight / len(violating)

    value, by_score = value_and_gradient(TripletLoss(MARGIN), SCORES)

    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(by_score, gradient, atol=1e-6)


def test_the_contrastive_loss_of_a_target_above_1_is_0() -> None:
    scores = np.where(LABELS > 0, 7.0, 0.1).astype(np.float32)

    value, by_score = value_and_gradient(ContrastiveLoss(MARGIN), scores)

    assert value == 0.0
    np.testing.assert_array_equal(by_score, 0.0)


@pytest.mark.parametrize("loss", [ContrastiveLoss(MARGIN), TripletLoss(MARGIN)])
def test_an_accidental_hit_has_no_gradient(loss: keras.losses.Loss) -> None:
    far_below = np.where(LABELS > 0, SCORES, np.finfo(np.float32).min / 100).astype(np.float32)

    value, by_score = value_and_gradient(loss, far_below)

    assert np.isfinite(value)
    np.testing.assert_array_equal(by_score[LABELS == 0], 0.0)


def test_an_accidental_hit_is_not_counted_among_the_negatives() -> None:
    scores = np.array([[0.2, 0.5, 0.9, np.finfo(np.float32).min / 100, 0.1]], np.float32)
    labels = np.eye(1, 5, dtype=np.float32)

    contrastive = ContrastiveLoss(MARGIN)(labels, tf.constant(scores))
    triplet = TripletLoss(MARGIN)(labels, tf.constant(scores))

    assert contrastive.numpy() == pytest.approx(1 - 0.2 + ((0.5 - 0.3) + (0.9 - 0.3)) / 2)
    violations = (0.3 - 0.2 + 0.5) + (0.3 - 0.2 + 0.9) + (0.3 - 0.2 + 0.1)
    assert triplet.numpy() == pytest.approx(violations / 3)
