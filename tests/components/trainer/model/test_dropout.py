"""Dropout from an explicit seed."""

import numpy as np
import tensorflow as tf

from components.trainer.model.dropout import SeededDropout

SEED = tf.constant([3, 4])


def test_dropout_sets_a_share_to_zero_and_preserves_the_mean() -> None:
    x = np.ones((200, 200), np.float32)

    dropped = SeededDropout(0.25)(x, seed=SEED).numpy()

    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    np.testing.assert_allclose((dropped == 0).mean(), 0.25, atol=0.01)  # 5 standard errors


def test_without_a_seed_or_a_rate_nothing_changes() -> None:
    x = np.ones((5, 5), np.float32)

    np.testing.assert_array_equal(SeededDropout(0.9)(x), x)
    np.testing.assert_array_equal(SeededDropout(0.0)(x, seed=SEED), x)
