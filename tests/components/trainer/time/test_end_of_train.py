"""What moves of items once training has ended."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.time.end_of_train import SettledFeatures
from components.trainer.time.popularity import NUM_PERIODS, RecentPopularity
from schemas.events import SECONDS_PER_DAY
from tests.components.trainer.time.test_popularity import ALL_ROWS, AVAILABLE_S, ROWS, TIME_S

END_S = int(TIME_S.max())
UNMET, NEW = len(AVAILABLE_S) - 1, len(AVAILABLE_S)
UNKNOWN = np.full(NEW + 1, -1)
AGE, IS_KNOWN = -3, -2


@pytest.fixture(scope="module")
def popularity() -> RecentPopularity:
    return RecentPopularity(ROWS, TIME_S, AVAILABLE_S)


@pytest.fixture(scope="module")
def settled(popularity: RecentPopularity) -> SettledFeatures:
    return SettledFeatures(popularity)


def as_of(settled: SettledFeatures, available_at_s: np.ndarray, as_of_s: int) -> np.ndarray:
    instant = tf.constant(as_of_s, tf.int64)
    return settled.as_of(ALL_ROWS, tf.constant(available_at_s, tf.int64), instant).numpy()


def age(days: float) -> float:
    return float(np.log1p(days) / 4)


@pytest.mark.parametrize("available_at_s", [UNKNOWN, np.append(AVAILABLE_S, -1)])
@pytest.mark.parametrize("as_of_s", [-1, END_S - 10, END_S])
def test_up_to_the_end_of_split_train_items_are_what_training_ended_with(
    popularity: RecentPopularity,
    settled: SettledFeatures,
    available_at_s: np.ndarray,
    as_of_s: int,
) -> None:
    ended = popularity.features(tf.constant(NUM_PERIODS), ALL_ROWS)

    np.testing.assert_array_equal(settled(ALL_ROWS), ended)
    np.testing.assert_array_equal(as_of(settled, available_at_s, as_of_s), ended)
    assert settled.instant_s(tf.constant(as_of_s, tf.int64)) == END_S


def test_later_only_ages_have_grown(settled: SettledFeatures) -> None:
    later_s = END_S + 30 * SECONDS_PER_DAY

    before, after = as_of(settled, UNKNOWN, -1), as_of(settled, UNKNOWN, later_s)

    others = np.delete(np.arange(before.shape[1]), AGE)
    np.testing.assert_array_equal(after[:, others], before[:, others])
    np.testing.assert_allclose(after[:NEW, AGE], age(30), atol=1e-3)
    assert after[NEW, AGE] == before[NEW, AGE] == 0.0


def test_a_new_item_is_as_old_as_it_is_available(settled: SettledFeatures) -> None:
    as_of_s = END_S + 20 * SECONDS_PER_DAY
    available_at_s = UNKNOWN.copy()
    available_at_s[NEW] = END_S + 15 * SECONDS_PER_DAY

    features = as_of(settled, available_at_s, as_of_s)[NEW]

    np.testing.assert_allclose(features[AGE], age(5), rtol=1e-3)
    assert features[IS_KNOWN] == 1.0
    assert features[-1] == 0.0
    np.testing.assert_array_equal(features[:AGE], as_of(settled, UNKNOWN, as_of_s)[NEW, :AGE])


def test_an_item_that_is_not_there_yet_has_no_age(settled: SettledFeatures) -> None:
    available_at_s = UNKNOWN.copy()
    available_at_s[NEW] = END_S + 2

    assert as_of(settled, available_at_s, END_S)[NEW, [AGE, IS_KNOWN]].tolist() == [0.0, 0.0]


def test_what_was_met_is_no_younger_than_that_whatever_the_catalogue_says(
    settled: SettledFeatures,
) -> None:
    as_of_s = END_S + 10 * SECONDS_PER_DAY
    said_s = np.full(NEW + 1, as_of_s - SECONDS_PER_DAY)

    ages = as_of(settled, said_s, as_of_s)[:, AGE]

    np.testing.assert_allclose(ages[:UNMET], age(10), atol=1e-3)
    np.testing.assert_allclose(ages[[UNMET, NEW]], age(1), rtol=1e-3)
