"""The popularity curve against a count of all items."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.records.popularity_curve import MAX_POINTS, popularity_curve


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=300))
def test_points_are_items_by_rank_and_shares_are_of_the_first_items(counts: list[int]) -> None:
    curve = popularity_curve(counts)
    ordered = sorted(counts, reverse=True)

    ranks = [rank for rank, _ in curve["ranks"]]
    assert len(ranks) <= MAX_POINTS
    assert ranks == sorted(set(ranks))
    assert (ranks[0], ranks[-1]) == (1, len(counts))
    assert all(events == ordered[rank - 1] for rank, events in curve["ranks"])
    for share, events in curve["top"]:
        first = max(1, round(share * len(counts)))
        assert events == pytest.approx(sum(ordered[:first]) / sum(counts), abs=1e-6)


def test_a_large_catalogue_has_a_bounded_curve() -> None:
    curve = popularity_curve(np.arange(1, 200_001).tolist())
    assert len(curve["ranks"]) <= MAX_POINTS
    assert curve["ranks"][-1] == [200_000, 1]


def test_no_items_have_no_curve() -> None:
    assert popularity_curve([]) == {"ranks": [], "top": []}
