"""Time-dependent item features after training."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.time.popularity import NUM_PERIODS, RecentPopularity
from components.trainer.time.serving_features import ServingItemFeatures
from schemas.events import SECONDS_PER_DAY
from tests.components.trainer.time.test_popularity import ALL_ROWS, AVAILABLE_S, ROWS, TIME_S

END_S = int(TIME_S.max())
NO_TARGET, NEW = len(AVAILABLE_S) - 1, len(AVAILABLE_S)
UNKNOWN = np.full(NEW + 1, -1)
AGE, IS_KNOWN = -3, -2


@pytest.fixture(scope="module")
def popularity() -> RecentPopularity:
    return RecentPopularity(ROWS, TIME_S, AVAILABLE_S)


@pytest.fixture(scope="module")
def served(popularity: RecentPopularity) -> ServingItemFeatures:
    return ServingItemFeatures(popularity)


def as_of(
    served: ServingItemFeatures, available_at_s: npt.NDArray[np.int64], as_of_s: int
) -> npt.NDArray[np.float32]:
    instant = tf.constant(as_of_s, tf.int64)
    return served.as_of(ALL_ROWS, tf.constant(available_at_s, tf.int64), instant).numpy()


def age(days: float) -> float:
    return float(np.log1p(days) / 4)


@pytest.mark.parametrize("available_at_s", [UNKNOWN, np.append(AVAILABLE_S, -1)])
@pytest.mark.parametrize("as_of_s", [-1, END_S - 10, END_S])
def test_up_to_the_end_of_split_train_features_are_as_of_that_end(
    popularity: RecentPopularity,
    served: ServingItemFeatures,
    available_at_s: npt.NDArray[np.int64],
    as_of_s: int,
) -> None:
    expected = popularity.features(tf.constant(NUM_PERIODS), ALL_ROWS)

    np.testing.assert_array_equal(served(ALL_ROWS), expected)
    np.testing.assert_array_equal(as_of(served, available_at_s, as_of_s), expected)
    assert served.instant_s(tf.constant(as_of_s, tf.int64)) == END_S


def test_later_only_the_ages_increase(served: ServingItemFeatures) -> None:
    later_s = END_S + 30 * SECONDS_PER_DAY

    before, after = as_of(served, UNKNOWN, -1), as_of(served, UNKNOWN, later_s)

    others = np.delete(np.arange(before.shape[1]), AGE)
    np.testing.assert_array_equal(after[:, others], before[:, others])
    np.testing.assert_allclose(after[:NEW, AGE], age(30), atol=1e-3)
    assert after[NEW, AGE] == before[NEW, AGE] == 0.0


def test_the_age_of_a_new_item_is_since_its_available_at(served: ServingItemFeatures) -> None:
    as_of_s = END_S + 20 * SECONDS_PER_DAY
    available_at_s = UNKNOWN.copy()
    available_at_s[NEW] = END_S + 15 * SECONDS_PER_DAY

    features = as_of(served, available_at_s, as_of_s)[NEW]

    np.testing.assert_allclose(features[AGE], age(5), rtol=1e-3)
    assert features[IS_KNOWN] == 1.0
    assert features[-1] == 0.0
    np.testing.assert_array_equal(features[:AGE], as_of(served, UNKNOWN, as_of_s)[NEW, :AGE])


def test_the_age_of_an_item_before_its_available_at_is_unknown(served: ServingItemFeatures) -> None:
    available_at_s = UNKNOWN.copy()
    available_at_s[NEW] = END_S + 2

    assert as_of(served, available_at_s, END_S)[NEW, [AGE, IS_KNOWN]].tolist() == [0.0, 0.0]


def test_the_age_of_an_item_with_a_target_is_at_least_since_that_target(
    served: ServingItemFeatures,
) -> None:
    as_of_s = END_S + 10 * SECONDS_PER_DAY
    available_at_s = np.full(NEW + 1, as_of_s - SECONDS_PER_DAY)

    ages = as_of(served, available_at_s, as_of_s)[:, AGE]

    np.testing.assert_allclose(ages[:NO_TARGET], age(10), atol=1e-3)
    np.testing.assert_allclose(ages[[NO_TARGET, NEW]], age(1), rtol=1e-3)
