"""What is recommended beside what is consumed, on a catalogue of four parts."""

import numpy as np
import pytest

from components.evaluator.columns import NO_ITEM
from components.evaluator.consumption import consumption


def test_shares_of_the_catalogues_parts() -> None:
    counts = np.array([4, 2, 2, 2, 1, 1, 0])  # head: 0; middle: 1, 2; tail: 3, 4, 5; never: 6
    top = np.array([[0, 1], [0, NO_ITEM], [6, 3]])

    found = consumption(top, consumed=np.array([0, 0, 5, 5]), counts=counts)

    parts = ("head", "middle", "tail", "never_trained")
    assert [found["recommended"][part] for part in parts] == [2 / 5, 1 / 5, 1 / 5, 1 / 5]
    assert [found["consumed"][part] for part in parts] == [2 / 4, 0, 2 / 4, 0]
    # Percentiles of items 0 and 5: above six items and half of itself; above one and two halves.
    assert found["consumed"]["popularity_percentile"] == pytest.approx((6.5 / 7 + 2 / 7) / 2)
    # Two items with two each among seven; the two largest have the weights 4 and 6.
    assert found["consumed"]["gini"] == pytest.approx((4 * 2 + 6 * 2) / (7 * 4))


def test_nothing_recommended_is_no_error() -> None:
    found = consumption(np.full((2, 3), NO_ITEM), np.array([0]), np.array([1, 0]))

    assert set(found["recommended"].values()) == {0.0}
