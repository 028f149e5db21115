"""Draws and expected counts of the negative sampler."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.losses.negative_sampler import NegativeSampler
from components.trainer.seeds import fold_in
from schemas.model_settings import NegativeSampling

SEED = tf.constant([3, 4])
ALL_ROWS = np.arange(12, dtype=np.int32)


def counts_of(
    sampler: NegativeSampler, rows: list[int], num_in_batch: int, num_drawn: int
) -> npt.NDArray[np.float32]:
    tensors = tf.constant(rows), tf.constant(num_in_batch), tf.constant(num_drawn)
    return sampler.expected_count(*tensors).numpy()


def test_expected_counts_add_in_batch_and_drawn_negatives() -> None:
    sampler = NegativeSampler(np.array([8, 0]), num_drawn=1, eligible_rows=ALL_ROWS[:2])

    # smoothed frequencies 9/10 and 1/10
    expected = [4 * 0.9 + 1 / 2, 4 * 0.1 + 1 / 2]
    np.testing.assert_allclose(counts_of(sampler, [0, 1], 4, 1), expected, rtol=1e-6)


def test_each_query_has_its_own_number_of_in_batch_negatives() -> None:
    sampler = NegativeSampler(np.array([8, 0]), num_drawn=1, eligible_rows=ALL_ROWS[:2])

    counts = sampler.expected_count(tf.constant([0, 1]), tf.constant([4, 0]), tf.constant(1))

    expected = [[4 * 0.9 + 1 / 2, 4 * 0.1 + 1 / 2], [1 / 2, 1 / 2]]
    np.testing.assert_allclose(counts, expected, rtol=1e-6)


def test_an_item_without_targets_has_an_expected_count_above_0() -> None:
    sampler = NegativeSampler(np.array([5, 0]), num_drawn=0, eligible_rows=ALL_ROWS[:2])

    assert counts_of(sampler, [1], 3, 0)[0] > 0.1


@pytest.mark.parametrize(("num_drawn", "expected"), [(9, 5), (5, 5), (2, 2), (0, 0)])
def test_all_items_of_a_small_catalogue_are_drawn(num_drawn: int, expected: int) -> None:
    sampler = NegativeSampler(np.ones(5, np.int64), num_drawn, ALL_ROWS[:5])
    rows = sampler.draw(SEED).numpy()

    assert len(rows) == expected
    assert len(set(rows)) == 5 or num_drawn < 5
    assert sampler.takes_all == (num_drawn >= 5)


def test_only_eligible_items_are_drawn() -> None:
    eligible = np.array([1, 3], np.int32)
    counts = np.array([6, 0, 0, 0])
    sampler = NegativeSampler(counts, 1, eligible)

    assert {int(sampler.draw(fold_in(SEED, number))[0]) for number in range(50)} == {1, 3}
    assert NegativeSampler(counts, 9, eligible).draw(SEED).numpy().tolist() == [1, 3]


def test_an_item_that_is_not_eligible_counts_as_if_it_were() -> None:
    sampler = NegativeSampler(np.array([6, 0, 0, 0]), 1, np.array([1, 3], np.int32), "popularity")

    # smoothed counts: 1 and 1 of the eligible items, 7 of item 0
    np.testing.assert_allclose(counts_of(sampler, [0, 1, 2, 3], 0, 1), [3.5, 0.5, 0.5, 0.5])


def test_without_eligible_items_nothing_is_drawn() -> None:
    sampler = NegativeSampler(np.array([8, 0]), 3, np.array([], np.int32))

    assert sampler.num_drawn == len(sampler.draw(SEED)) == 0
    assert not sampler.takes_all
    np.testing.assert_allclose(counts_of(sampler, [0, 1], 4, 0), [3.6, 0.4], rtol=1e-6)


@pytest.mark.parametrize(
    ("sampling", "shares"),
    [
        ("uniform", [1 / 3, 1 / 3, 1 / 3]),
        ("popularity", [60 / 91, 1 / 91, 30 / 91]),
        ("mixed", [(60 / 91 + 1 / 3) / 2, (1 / 91 + 1 / 3) / 2, (30 / 91 + 1 / 3) / 2]),
    ],
)
def test_draws_have_the_expected_counts(sampling: NegativeSampling, shares: list[float]) -> None:
    # smoothed counts: 60, 1 and 30 of the 91 eligible; 60 of all 101
    sampler = NegativeSampler(np.array([59, 0, 29, 9]), 2, np.array([0, 1, 2], np.int32), sampling)

    drawn = np.concatenate([sampler.draw(fold_in(SEED, number)) for number in range(1500)])

    np.testing.assert_allclose(np.bincount(drawn) / 3000, shares, atol=0.05)
    expected = [3 * 60 / 101 + 2 * shares[0], 3 / 101 + 2 * shares[1]]
    np.testing.assert_allclose(counts_of(sampler, [0, 1], 3, 2), expected, rtol=1e-5)


def test_draws_of_validation_are_evenly_spaced_quantiles() -> None:
    sampler = NegativeSampler(np.array([5, 0, 3]), 2, np.array([0, 1, 2], np.int32), "popularity")

    # shares 6/11, 1/11 and 4/11; quantiles 1/4 and 3/4
    assert sampler.draw(None).numpy().tolist() == [0, 2]
