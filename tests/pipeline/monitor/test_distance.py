"""Distances, what chance makes of them, and coverage at equal numbers of lists."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.monitor.distance import chance_limit, expected_items, stability_index

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=10)


@given(COUNTS, COUNTS)
def test_the_index_is_symmetric_and_not_negative(one: list[int], other: list[int]) -> None:
    size = min(len(one), len(other))
    distance = stability_index(one[:size], other[:size])

    assert distance >= 0
    assert math.isclose(distance, stability_index(other[:size], one[:size]))
    assert stability_index(one, one) == 0


def test_the_index_is_that_of_the_formula() -> None:
    p, q = np.array([200.5, 300.5, 500.5]) / 1001.5, np.array([400.5, 400.5, 200.5]) / 1001.5

    expected = sum((p - q) * np.log(p / q))

    assert math.isclose(stability_index([200, 300, 500], [400, 400, 200]), expected)


@pytest.mark.parametrize(("bins", "served", "evaluated"), [(10, 300, 1000), (2, 500, 500)])
def test_chance_exceeds_its_limit_in_one_case_of_a_hundred(
    bins: int, served: int, evaluated: int
) -> None:
    generator = np.random.default_rng(5)
    shares = np.arange(1, bins + 1) / (bins * (bins + 1) / 2)
    limit = chance_limit(bins, served, evaluated)

    cases = 4_000
    exceeds = [
        stability_index(
            generator.multinomial(served, shares).tolist(),
            generator.multinomial(evaluated, shares).tolist(),
        )
        > limit
        for _ in range(cases)
    ]

    assert 0.004 < sum(exceeds) / cases < 0.017


@given(st.lists(st.sets(st.integers(0, 6), min_size=1), min_size=1, max_size=6), st.data())
def test_the_expected_items_are_the_mean_over_all_parts(
    lists: list[set[int]], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(lists)))
    occurrences = [sum(item in each for each in lists) for item in set().union(*lists)]
    frequencies = {count: occurrences.count(count) for count in set(occurrences)}

    parts = list(itertools.combinations(lists, size))
    expected = sum(len(set().union(*part)) for part in parts) / len(parts)

    assert math.isclose(expected_items(frequencies, len(lists), size), expected, rel_tol=1e-9)
