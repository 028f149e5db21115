"""The mapping of users to codes and of items to catalogue rows."""

from pathlib import Path

import numpy as np
import pytest

from components.evaluator.columns import NO_ITEM, index_events, recent_items
from components.examples.read import read_raw_windows
from schemas.errors import InputError
from tests.components.evaluator.logs import TABLE, event_columns, write_windows

SPLITS = {
    "train": [("w", [("a", 1, 1), ("b", 2, 1)]), ("u", [("b", 3, 1)])],
    "eval": [],
    "test": [("u", [("b", 3, 0), ("a", 4, 1)])],
}


def test_user_codes_are_the_same_in_all_splits(tmp_path: Path) -> None:
    uri = write_windows(str(tmp_path), SPLITS)
    windows = {split: read_raw_windows(uri, split, TABLE) for split in SPLITS}

    events = index_events(windows, np.array([b"b", b"a"], object))

    assert events["train"].user.tolist() == [1, 1, 0]
    assert events["train"].item.tolist() == [1, 0, 0]
    assert events["eval"].item.tolist() == []
    assert events["test"].user.tolist() == [0, 0]
    assert events["test"].item.tolist() == [0, 1]
    assert events["test"].window_start.tolist() == [0, 0]
    assert events["train"].window_start.tolist() == [0, 0, 2]


def test_an_item_outside_the_catalogue_raises_an_error_with_its_id(tmp_path: Path) -> None:
    uri = write_windows(str(tmp_path), SPLITS)
    windows = {split: read_raw_windows(uri, split, TABLE) for split in SPLITS}

    with pytest.raises(InputError, match=r"1 events of the train split.*'a'"):
        index_events({"train": windows["train"]}, np.array([b"b"], object))


def test_recent_items_are_the_newest_first_within_the_window() -> None:
    events = event_columns([(0, [(5, 1, 1), (6, 2, 1), (7, 3, 1)]), (1, [(8, 1, 1), (9, 2, 1)])])

    assert recent_items(events, np.array([2, 0, 4]), width=3).tolist() == [
        [6, 5, NO_ITEM],
        [NO_ITEM, NO_ITEM, NO_ITEM],
        [8, NO_ITEM, NO_ITEM],
    ]
    assert recent_items(events, np.array([2]), width=1).tolist() == [[6]]


def test_consecutive_events_of_one_item_are_one_event_of_a_merged_history() -> None:
    window = [(5, 1, 1), (5, 2, 1), (6, 3, 1), (5, 4, 1), (5, 4, 1), (5, 5, 1), (7, 6, 1)]
    events = event_columns([(1, [(5, 0, 1)]), (0, window), (2, [(8, 1, 1)])])
    position = np.array([7, 3, 8, 1])

    merged = recent_items(events, position, width=6, merge_runs=True)

    assert merged.tolist() == [
        [5, 6, 5, NO_ITEM, NO_ITEM, NO_ITEM],
        [5, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM],
        [NO_ITEM] * 6,
        [NO_ITEM] * 6,
    ]
    # The width is a number of events before they are merged, as in a request.
    assert recent_items(events, position[:1], width=3, merge_runs=True).tolist() == [
        [5, NO_ITEM, NO_ITEM]
    ]


def test_removed_negative_feedback_does_not_separate_a_run() -> None:
    events = event_columns([(0, [(5, 1, 1), (6, 2, -1), (5, 3, 1), (7, 4, 1)])], has_negatives=True)

    merged = recent_items(events, np.array([3]), width=4, merge_runs=True)

    assert merged.tolist() == [[5, NO_ITEM, NO_ITEM, NO_ITEM]]


def test_the_first_event_of_each_run_in_a_window_remains() -> None:
    events = event_columns([(0, [(5, 1, 1), (5, 2, 0), (6, 3, 1)]), (0, [(6, 3, 0), (7, 4, 1)])])

    merged = events.with_merged_runs()

    assert merged.item.tolist() == [5, 6, 6, 7]
    assert merged.timestamp.tolist() == [1, 3, 3, 4]
    assert merged.offsets.tolist() == [0, 2, 4]


def test_recent_items_are_those_that_the_user_likes() -> None:
    # 5 was liked and then disliked, 6 disliked and then liked.
    window = [(5, 1, 1), (6, 2, -1), (7, 3, 1), (5, 4, -1), (6, 5, 1), (8, 6, -1), (9, 7, 1)]
    events = event_columns([(0, window)], has_negatives=True)

    recent = recent_items(events, np.array([6, 3, 1]), width=6)

    assert recent.tolist() == [
        [6, 7, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM],
        [7, 5, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM],
        [5, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM, NO_ITEM],
    ]


def test_events_without_negative_feedback_keep_all_targets() -> None:
    windows = [(0, [(5, 1, -1), (6, 2, 1)]), (1, [(7, 1, 0), (8, 2, -1), (9, 3, 1)])]
    kept = event_columns(windows, has_negatives=True).without_negatives()

    assert kept.item.tolist() == [6, 7, 9]
    assert kept.user.tolist() == [0, 1, 1]
    assert kept.is_target.tolist() == [True, False, True]
    assert kept.window_start.tolist() == [0, 1, 1]
    unchanged = event_columns(windows)
    assert unchanged.without_negatives() is unchanged
