"""Ranks of targets, and their metrics by user, compared with plain sorting."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.refit.target_ranks import TargetRanks, rank_targets, ranks_of
from components.trainer.data.windows import ROW, WEIGHT
from tests.components.refit.conftest import Proven

NUM_ITEMS = 7
SMALL = st.integers(-2, 2).map(float)  # many equal scores


@given(
    arrays.arrays(np.float32, (5, 2), elements=SMALL),
    arrays.arrays(np.float32, (NUM_ITEMS, 2), elements=SMALL),
    arrays.arrays(np.int32, 5, elements=st.integers(0, NUM_ITEMS - 1)),
    arrays.arrays(np.int32, (5, 3), elements=st.integers(0, NUM_ITEMS)),
)
def test_a_target_is_last_among_equal_scores_of_items_that_are_not_excluded(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int32],
    excluded: npt.NDArray[np.int32],
) -> None:
    ranks = ranks_of(queries, candidates, targets, excluded)

    for query, target, left_out, rank in zip(queries, targets, excluded, ranks, strict=True):
        others = set(range(NUM_ITEMS)) - set(left_out.tolist()) - {int(target)}
        scores = sorted([float(query @ candidates[item]) for item in others], reverse=True)
        own = float(query @ candidates[target])
        assert rank == 1 + sum(score >= own for score in scores)


def test_a_target_whose_score_is_not_a_number_has_the_last_rank() -> None:
    candidates = np.array([[1.0], [np.nan], [2.0]], np.float32)
    no_rows = np.empty((1, 0), np.int32)

    ranks = ranks_of(np.ones((1, 1), np.float32), candidates, np.array([1], np.int32), no_rows)

    assert ranks.tolist() == [3]


def test_every_target_of_the_windows_is_ranked_once(changed: Proven) -> None:
    test = changed.log.test
    ranked = rank_targets(changed.trained.towers, test)

    is_target = test.events[WEIGHT] > 0
    targets = np.sort(test.events[ROW][is_target])
    assert len(ranked.ranks) == len(targets)
    assert ranked.is_finite
    # Repeats are allowed in this log, so that no item is excluded.
    scores = ranked.queries @ ranked.candidates.T
    found = [int(np.flatnonzero(order == rank)[0]) for order, rank in _places(scores, ranked)]
    assert np.sort(found).tolist() == targets.tolist()


def _places(scores: npt.NDArray[np.float32], ranked: TargetRanks) -> Any:
    """Returns for each query the rank of every item, and the rank of its target."""
    num_before = (scores[:, np.newaxis, :] >= scores[:, :, np.newaxis]).sum(axis=2)
    return zip(num_before, ranked.ranks, strict=True)


@pytest.mark.parametrize(
    ("metric", "values"), [("recall@10", [0.5, 1.0]), ("mrr", [(1.0 + 1 / 20) / 2, 0.25])]
)
def test_metrics_are_means_over_the_targets_of_a_user(metric: str, values: list[float]) -> None:
    nothing = np.empty((3, 1), np.float32)
    ranks = TargetRanks(np.array([1, 4, 20]), np.array([3, 8, 3]), nothing, nothing)

    assert ranks.by_user(metric).tolist() == pytest.approx(values)
