"""The programs that the ranking benchmark compares rank alike, and a wrong rank is noticed."""

import numpy as np
import pytest

from benchmarks.evaluation.programs import NAIVE, OURS, PROGRAMS, Sizes, World, is_right

SIZES = Sizes(queries=50, candidates=3_000, dim=8, seen=20, chunk=7)


@pytest.mark.parametrize("name", [NAIVE, OURS])
def test_ranks_are_those_of_a_full_sort(name: str) -> None:
    world = World.of(SIZES)

    ranked = PROGRAMS[name](world, SIZES.chunk)

    assert ranked is not None
    ranks, top = ranked
    assert is_right(world, ranks, top)
    assert not is_right(world, ranks + 1, top)
    assert not is_right(world, ranks, np.roll(top, 1, axis=1))


def test_the_relevant_item_is_not_among_the_seen() -> None:
    queries = World.of(SIZES).queries

    assert not queries.seen.contains(np.arange(len(queries)), queries.item).any()
    assert np.diff([*queries.seen.start, queries.seen.stop[-1]]).tolist() == [20] * 50
