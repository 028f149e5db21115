"""Draws and probabilities of the negative sampler."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.losses.negative_sampler import NegativeSampler

ALL_ROWS = np.arange(12, dtype=np.int32)


def test_probability_combines_in_batch_and_drawn_negatives() -> None:
    sampler = NegativeSampler(np.array([8, 0]), num_drawn=1, eligible_rows=ALL_ROWS[:2])

    # smoothed frequencies 9/10 and 1/10; 4 of 4 + 1 candidates are in-batch
    expected = [(4 * 0.9 + 1 / 2) / 5, (4 * 0.1 + 1 / 2) / 5]
    probability = sampler.probability(tf.constant([0, 1]), tf.constant(4), tf.constant(1))
    np.testing.assert_allclose(probability, expected, rtol=1e-6)


def test_an_item_without_targets_has_a_probability_above_0() -> None:
    sampler = NegativeSampler(np.array([5, 0]), num_drawn=0, eligible_rows=ALL_ROWS[:2])

    assert sampler.probability(tf.constant([1]), tf.constant(3), tf.constant(0))[0] > 0.1


@pytest.mark.parametrize(("num_drawn", "expected"), [(9, 5), (5, 5), (2, 2), (0, 0)])
def test_all_items_of_a_small_catalogue_are_drawn(num_drawn: int, expected: int) -> None:
    rows = NegativeSampler(np.ones(5, np.int64), num_drawn, ALL_ROWS[:5]).draw().numpy()

    assert len(rows) == expected
    assert len(set(rows)) == 5 or num_drawn < 5


def test_only_eligible_items_are_drawn_and_have_a_draw_probability() -> None:
    eligible = np.array([1, 3], np.int32)
    counts = np.array([6, 0, 0, 0])

    # smoothed frequencies 7/10 and three times 1/10; 4 of 4 + 1 candidates are in-batch
    sampler = NegativeSampler(counts, 1, eligible)
    probability = sampler.probability(tf.range(4), tf.constant(4), tf.constant(1))
    expected = [4 * 0.7 / 5, (4 * 0.1 + 1 / 2) / 5, 4 * 0.1 / 5, (4 * 0.1 + 1 / 2) / 5]
    np.testing.assert_allclose(probability, expected, rtol=1e-6)
    assert {int(sampler.draw()[0]) for _ in range(50)} == {1, 3}
    assert NegativeSampler(counts, 9, eligible).draw().numpy().tolist() == [1, 3]


def test_without_eligible_items_nothing_is_drawn() -> None:
    sampler = NegativeSampler(np.array([8, 0]), 3, np.array([], np.int32))

    assert sampler.num_drawn == len(sampler.draw()) == 0
    probability = sampler.probability(tf.range(2), tf.constant(4), tf.constant(0))
    np.testing.assert_allclose(probability, [0.9, 0.1], rtol=1e-6)


def test_draws_by_popularity_are_proportional_to_smoothed_counts() -> None:
    counts = np.array([59, 0, 29, 9])
    sampler = NegativeSampler(counts, 2, np.array([0, 1, 2], np.int32), "popularity")

    # smoothed counts: 60, 1 and 30 of the 91 eligible; 60 of all 101
    drawn = np.concatenate([sampler.draw() for _ in range(1500)])
    np.testing.assert_allclose(np.bincount(drawn) / 3000, [60 / 91, 1 / 91, 30 / 91], atol=0.05)
    probability = sampler.probability(tf.range(4), tf.constant(3), tf.constant(1))
    expected = [(3 * 60 / 101 + 60 / 91) / 4, (3 / 101 + 1 / 91) / 4]
    np.testing.assert_allclose(probability[:2], expected, rtol=1e-5)
    assert probability.numpy()[3] == pytest.approx(3 * 10 / 101 / 4)
