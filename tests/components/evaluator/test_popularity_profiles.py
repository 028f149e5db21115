"""Popularity profiles of recommended and consumed items."""

import numpy as np
import pytest

from components.evaluator.columns import NO_ITEM
from components.evaluator.popularity_profiles import popularity_profiles


def test_shares_of_head_middle_tail_and_never_trained() -> None:
    counts = np.array([4, 2, 2, 2, 1, 1, 0])  # head: 0; middle: 1, 2; tail: 3, 4, 5; never: 6
    top = np.array([[0, 1], [0, NO_ITEM], [6, 3]])

    result = popularity_profiles(top, consumed=np.array([0, 0, 5, 5]), counts=counts)

    parts = ("head", "middle", "tail", "never_trained")
    assert [result["recommended"][part] for part in parts] == [2 / 5, 1 / 5, 1 / 5, 1 / 5]
    assert [result["consumed"][part] for part in parts] == [2 / 4, 0, 2 / 4, 0]
    # Item 0: six items with fewer events, and half of itself. Item 5: one item with fewer events,
    # and half of two items with as many.
    assert result["consumed"]["popularity_percentile"] == pytest.approx((6.5 / 7 + 2 / 7) / 2)
    # Of seven items, two were consumed twice each; their weights are 4 and 6.
    assert result["consumed"]["gini"] == pytest.approx((4 * 2 + 6 * 2) / (7 * 4))


def test_empty_lists_give_zeros() -> None:
    result = popularity_profiles(np.full((2, 3), NO_ITEM), np.array([0]), np.array([1, 0]))

    assert set(result["recommended"].values()) == {0.0}
