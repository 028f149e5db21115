"""Popularity and age of items as of an instant, compared with NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.time.popularity import NUM_FEATURES, NUM_PERIODS, RecentPopularity

RNG = np.random.default_rng(7)
NUM_ITEMS = 5
# Ten targets per period, one per second.
NUM_TARGETS = 10 * NUM_PERIODS
TIME_S = 1_000 + np.arange(NUM_TARGETS)
ROWS = RNG.integers(NUM_ITEMS - 1, size=NUM_TARGETS).astype(np.int32)  # the last item has no target
AVAILABLE_S = np.array([-1, 0, 1_100, -1, 1_200])
ALL_ROWS = tf.range(NUM_ITEMS + 1)


@pytest.fixture(scope="module")
def popularity() -> RecentPopularity:
    return RecentPopularity(ROWS, TIME_S, AVAILABLE_S)


def share(row: int, end_s: int, lengths: list[int]) -> float:
    """Returns the share of a row before an instant, smoothed by the shares of longer windows."""
    smoothed = 1 / NUM_ITEMS
    for length in lengths:
        counted = ROWS[(end_s > TIME_S) & (end_s - 10 * length <= TIME_S)]
        smoothed = (np.sum(counted == row) + 100 * smoothed) / (len(counted) + 100)
    return smoothed


@pytest.mark.parametrize("period", [1, 3, 17, NUM_PERIODS])
def test_shares_count_earlier_targets_only(popularity: RecentPopularity, period: int) -> None:
    features = popularity.features(tf.constant(period), ALL_ROWS).numpy()

    assert features.shape == (NUM_ITEMS + 1, NUM_FEATURES)
    end_s = 1_000 + 10 * period
    windows = [10**6, 16, 4, 1]
    for row in range(NUM_ITEMS):
        expected = [np.log(NUM_ITEMS * share(row, end_s, windows[: n + 1])) for n in range(4)]
        np.testing.assert_allclose(features[row, :4], expected, rtol=1e-4)


def test_before_the_first_target_all_items_have_the_same_share(
    popularity: RecentPopularity,
) -> None:
    features = popularity.features(tf.constant(0), ALL_ROWS).numpy()

    np.testing.assert_allclose(features[:, :4], 0.0, atol=1e-6)
    np.testing.assert_array_equal(features[:, -1], 0.0)  # no target yet


def test_age_is_since_the_earlier_of_first_target_and_available_at(
    popularity: RecentPopularity,
) -> None:
    end_s = 1_000 + NUM_TARGETS
    age, is_known, was_target = (
        popularity.features(tf.constant(NUM_PERIODS), ALL_ROWS).numpy().T[4:]
    )

    first_s = [TIME_S[row == ROWS].min() if row < NUM_ITEMS - 1 else 10**9 for row in range(5)]
    appears_s = [first_s[0], 0, min(first_s[2], 1_100), first_s[3], 1_200]
    expected = [np.log1p((end_s - s) / 86_400) / 4 for s in appears_s]
    np.testing.assert_allclose(age[:NUM_ITEMS], expected, rtol=2e-3, atol=1e-6)
    assert is_known.tolist() == [1, 1, 1, 1, 1, 0]
    assert was_target.tolist() == [1, 1, 1, 1, 0, 0]


def test_features_do_not_depend_on_the_target_itself_or_its_future(
    popularity: RecentPopularity,
) -> None:
    instant = 25
    period = popularity.period(tf.constant([TIME_S[10 * instant + 5]], tf.int64))[0]
    later = ROWS.copy()
    later[10 * instant :] = 0
    other = RecentPopularity(later, TIME_S, AVAILABLE_S)

    assert period == instant
    np.testing.assert_array_equal(
        popularity.features(period, ALL_ROWS), other.features(period, ALL_ROWS)
    )


def test_features_are_finite_if_all_targets_have_one_time() -> None:
    popularity = RecentPopularity(ROWS, np.full(NUM_TARGETS, 7), AVAILABLE_S)

    counts = np.bincount(ROWS, minlength=NUM_ITEMS)
    features = popularity.features(tf.constant(NUM_PERIODS), tf.range(NUM_ITEMS)).numpy()
    assert np.isfinite(features).all()
    assert features[:, 0].argmax() == counts.argmax()
