"""Tests of the variants' windows and of the table."""

import numpy as np

from benchmarks.negative_feedback import (
    LEFT_OUT,
    table,
    variants,
    with_negative_targets,
    without_negatives,
)
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from schemas.transformed import IS_NEGATIVE


def windows() -> TransformedWindows:
    """Two windows; the negative feedback of the first is before and after its first target."""
    return TransformedWindows(
        lengths=np.array([5, 2]),
        user={"user_id": np.array([0, 1])},
        events={
            ROW: np.array([0, 1, 2, 3, 4, 5, 6], np.int32),
            WEIGHT: np.array([0, 1, 0, 0, 2, 0, 1], np.float32),
            IS_NEGATIVE: np.array([1, 0, 1, 0, 0, 1, 0]),
        },
        padding={ROW: 9, WEIGHT: 0.0, IS_NEGATIVE: 2},
    )


def test_events_are_removed_with_their_windows_intact() -> None:
    kept = without_negatives(windows())

    assert kept.lengths.tolist() == [3, 1]
    assert kept.events[ROW].tolist() == [1, 3, 4, 6]
    assert kept.num_targets == windows().num_targets


def test_negative_feedback_after_the_first_target_of_a_window_becomes_a_target() -> None:
    assert with_negative_targets(windows()).events[WEIGHT].tolist() == [0, 1, 1, 0, 2, 0, 1]


def result(value: float) -> dict[str, object]:
    later = {"later_negatives@10": [value, value], "later_negatives@100": [value, value]}
    values = {name: [value, value] for name in ("recall@10", "ndcg@10", "recall@100")}
    return {"validation": {"recall@10": value}, "by_user": values, "later_negatives": later}


def test_the_table_has_the_differences_from_the_first_variant() -> None:
    names = list(variants([0.3]))
    assert names == [LEFT_OUT, "history", "role, weight 0.3", "targets"]

    heads, _, first, second = table(
        {LEFT_OUT: [result(0.1), result(0.3)], "history": [result(0.5)]}
    ).splitlines()

    assert heads.count("|") == first.count("|") == second.count("|")
    assert first.startswith("| left out | 0.2000 | 0.2000 | 0.2000 | 0.2000 |")
    assert second.startswith("| history | 0.5000 | 0.5000 (+0.3000 to +0.3000) |")
