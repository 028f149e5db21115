"""Ranks of targets, and their metrics by user, compared with plain sorting."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.refit.target_ranks import TargetRanks, rank_targets, ranks_of
from components.trainer.data.batches import EpochBatches
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from tests.components.refit.conftest import Proven

NUM_ITEMS = 7
SMALL = st.integers(-2, 2).map(float)  # many equal scores
ROUNDING = 1e-5


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


def test_every_target_of_the_windows_is_ranked_once_without_its_history(changed: Proven) -> None:
    ranked = rank_targets(changed.trained.towers, changed.log.test)
    targets, histories = _targets(changed.log.test)

    assert len(ranked.ranks) == len(targets)
    assert ranked.is_finite
    # Scores that differ by less than the rounding error of a product may be ranked either way.
    scores = ranked.queries.astype(np.float64) @ ranked.candidates.astype(np.float64).T
    for of_items, target, history, rank in zip(
        scores, targets, histories, ranked.ranks, strict=True
    ):
        others = np.delete(of_items, np.append(history, target))
        best = 1 + np.count_nonzero(others > of_items[target] + ROUNDING)
        worst = 1 + np.count_nonzero(others >= of_items[target] - ROUNDING)
        assert best <= rank <= worst


def _targets(windows: TransformedWindows) -> tuple[list[int], list[npt.NDArray[np.int32]]]:
    """Returns the row of each target, and the rows of the events of its window before it."""
    targets, histories = [], []
    for batch in EpochBatches(windows, 16_384, seed=None).epoch():
        for window, event in np.argwhere(np.asarray(batch[WEIGHT]) > 0):
            targets.append(int(batch[ROW][window, event]))
            histories.append(np.asarray(batch[ROW])[window, :event])
    return targets, histories


@pytest.mark.parametrize(
    ("metric", "values"), [("recall@10", [0.5, 1.0]), ("mrr", [(1.0 + 1 / 20) / 2, 0.25])]
)
def test_metrics_are_means_over_the_targets_of_a_user(metric: str, values: list[float]) -> None:
    nothing = np.empty((3, 1), np.float32)
    ranks = TargetRanks(np.array([1, 4, 20]), np.array([3, 8, 3]), nothing, nothing)

    assert ranks.by_user(metric).tolist() == pytest.approx(values)
