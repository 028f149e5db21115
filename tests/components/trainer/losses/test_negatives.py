"""What the pool of negatives promises."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.losses.negatives import NegativePool

ALL_ROWS = np.arange(12, dtype=np.int32)


def test_probability_mixes_both_sources() -> None:
    pool = NegativePool(np.array([8, 0]), num_drawn=1, eligible_rows=ALL_ROWS[:2])

    # smoothed frequencies 9/10 and 1/10; of 4 + 1 members 4 are drawn by frequency
    expected = [(4 * 0.9 + 1 / 2) / 5, (4 * 0.1 + 1 / 2) / 5]
    probability = pool.probability(tf.constant([0, 1]), tf.constant(4), tf.constant(1))
    np.testing.assert_allclose(probability, expected, rtol=1e-6)


def test_an_item_without_targets_has_a_probability() -> None:
    pool = NegativePool(np.array([5, 0]), num_drawn=0, eligible_rows=ALL_ROWS[:2])

    assert pool.probability(tf.constant([1]), tf.constant(3), tf.constant(0))[0] > 0.1


@pytest.mark.parametrize(("num_drawn", "expected"), [(9, 5), (5, 5), (2, 2), (0, 0)])
def test_a_small_catalogue_is_drawn_whole(num_drawn: int, expected: int) -> None:
    rows = NegativePool(np.ones(5), num_drawn, ALL_ROWS[:5]).draw().numpy()

    assert len(rows) == expected
    assert len(set(rows)) == 5 or num_drawn < 5


def test_only_eligible_items_are_drawn_and_only_they_have_a_uniform_share() -> None:
    eligible = np.array([1, 3], np.int32)
    counts = np.array([6, 0, 0, 0])

    # smoothed frequencies 7/10 and three times 1/10; of 4 + 1 members 4 are drawn by frequency
    pool = NegativePool(counts, 1, eligible)
    probability = pool.probability(tf.range(4), tf.constant(4), tf.constant(1))
    expected = [4 * 0.7 / 5, (4 * 0.1 + 1 / 2) / 5, 4 * 0.1 / 5, (4 * 0.1 + 1 / 2) / 5]
    np.testing.assert_allclose(probability, expected, rtol=1e-6)
    assert {int(pool.draw()[0]) for _ in range(50)} == {1, 3}
    assert NegativePool(counts, 9, eligible).draw().numpy().tolist() == [1, 3]


def test_no_eligible_item_means_no_uniform_negatives() -> None:
    pool = NegativePool(np.array([8, 0]), 3, np.array([], np.int32))

    assert pool.num_drawn == len(pool.draw()) == 0
    probability = pool.probability(tf.range(2), tf.constant(4), tf.constant(0))
    np.testing.assert_allclose(probability, [0.9, 0.1], rtol=1e-6)


def test_draws_by_popularity_follow_the_targets() -> None:
    counts = np.array([59, 0, 29, 9])
    pool = NegativePool(counts, 2, np.array([0, 1, 2], np.int32), "popularity")

    # smoothed 60, 1 and 30 of the eligible 91; of all 101 the first has 60
    drawn = np.concatenate([pool.draw() for _ in range(1500)])
    np.testing.assert_allclose(np.bincount(drawn) / 3000, [60 / 91, 1 / 91, 30 / 91], atol=0.05)
    probability = pool.probability(tf.range(4), tf.constant(3), tf.constant(1))
    expected = [(3 * 60 / 101 + 60 / 91) / 4, (3 / 101 + 1 / 91) / 4]
    np.testing.assert_allclose(probability[:2], expected, rtol=1e-5)
    assert probability.numpy()[3] == pytest.approx(3 * 10 / 101 / 4)
