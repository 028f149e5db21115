"""Tests that the programs of the ranking benchmark rank correctly and that errors are detected."""

import numpy as np
import pytest

from benchmarks.evaluation.programs import (
    NAIVE,
    PROGRAMS,
    TWOTOWER,
    RankingInputs,
    RankingSizes,
    is_correct,
)

SIZES = RankingSizes(queries=50, candidates=3_000, dim=8, seen=20, chunk=7)


@pytest.mark.parametrize("name", [NAIVE, TWOTOWER])
def test_ranks_equal_those_of_a_full_sort(name: str) -> None:
    inputs = RankingInputs.generate(SIZES)

    ranked = PROGRAMS[name](inputs, SIZES.chunk)

    assert ranked is not None
    ranks, top = ranked
    assert is_correct(inputs, ranks, top)
    assert not is_correct(inputs, ranks + 1, top)
    assert not is_correct(inputs, ranks, np.roll(top, 1, axis=1))


def test_relevant_item_is_not_among_the_seen_items() -> None:
    queries = RankingInputs.generate(SIZES).queries

    assert not queries.seen.contains(np.arange(len(queries)), queries.item).any()
    assert np.diff([*queries.seen.start, queries.seen.stop[-1]]).tolist() == [20] * 50
