"""Bounds and standard scores of item numbers."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.indexer.search.numbers import ItemNumbers

NAN = math.nan
PRICES = np.array([1.0, 3.0, NAN, 2.0, -1.0], np.float32)
TIMES_S = np.array([100, -1, 300, 200], np.int64)


@pytest.mark.parametrize(
    ("values", "least", "most", "eligible"),
    [
        (PRICES, NAN, NAN, [True] * 5),
        (PRICES, 2.0, NAN, [False, True, False, True, False]),
        (PRICES, NAN, 1.0, [True, False, False, False, True]),
        # -1 is a number like any other, not a missing one.
        (PRICES, -1.0, 1.0, [True, False, False, False, True]),
        (PRICES, 3.0, 2.0, [False] * 5),
        (TIMES_S, -1, -1, [True] * 4),
        (TIMES_S, 200, -1, [False, False, True, True]),
        (TIMES_S, 0, 100, [True, False, False, False]),
    ],
)
def test_items_within_the_bounds_are_eligible(
    values: npt.NDArray[Any], least: float, most: float, eligible: list[bool]
) -> None:
    bounds = (tf.constant(bound, values.dtype) for bound in (least, most))
    assert list(ItemNumbers("x", values).eligible(*bounds).numpy()) == eligible


@pytest.mark.parametrize(
    "values",
    [PRICES, TIMES_S, np.array([5.0, 5.0], np.float32), np.array([NAN], np.float32)],
    ids=["prices", "times", "equal", "missing"],
)
def test_standard_scores_have_mean_0_and_deviation_1(values: npt.NDArray[Any]) -> None:
    scores = ItemNumbers("x", values).standard_scores(tf.range(len(values))).numpy()
    missing = np.isnan(values) | ((values == -1) & (values.dtype.kind == "i"))
    present = scores[~missing]
    assert (scores[missing] == 0).all()
    assert not len(present) or abs(present.mean()) < 1e-6
    assert not len(present) or present.std() == pytest.approx(float(len(set(present)) > 1))


def test_scores_of_infinite_values_are_0() -> None:
    numbers = ItemNumbers("x", np.array([1.0, math.inf, 3.0, -math.inf], np.float32))
    assert list(numbers.standard_scores(tf.range(4)).numpy()) == [-1.0, 0.0, 1.0, 0.0]


@given(
    seconds=st.lists(st.integers(1_600_000_000, 1_900_000_000), min_size=2, max_size=20),
    data=st.data(),
)
def test_times_are_compared_to_the_second(seconds: list[int], data: st.DataObject) -> None:
    bound = data.draw(st.sampled_from(seconds))
    times = np.array(seconds, np.int64)
    eligible = ItemNumbers("x", times).eligible(
        tf.constant(bound, tf.int64), tf.constant(-1, tf.int64)
    )
    np.testing.assert_array_equal(eligible, times >= bound)
