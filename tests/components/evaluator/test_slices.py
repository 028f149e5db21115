"""Slices by the user's past and by the item's popularity."""

import numpy as np

from components.evaluator import slices


def test_past_events_labels() -> None:
    groups = slices.past_events(np.array([0, 1, 2, 3, 9, 10, 500]))

    assert [slices.PAST_EVENTS_LABELS[group] for group in groups] == [
        "0", "1-2", "1-2", "3-9", "3-9", "10+", "10+",
    ]  # fmt: skip


def test_head_middle_and_tail_each_hold_a_third_of_the_events() -> None:
    counts = np.array([1, 0, 4, 2, 2, 1, 2])  # 12 events: 4 | 2 + 2 | 2 + 1 + 1

    groups = slices.item_popularity(counts)

    labels = [slices.POPULARITY_LABELS[group] for group in groups]
    assert labels == ["tail", "never_trained", "head", "middle", "middle", "tail", "tail"]


def test_an_item_that_got_nearly_all_events_is_head() -> None:
    assert slices.item_popularity(np.array([98, 1, 1])).tolist() == [0, 2, 2]


def test_no_training_events_at_all() -> None:
    assert slices.item_popularity(np.array([0, 0])).tolist() == [3, 3]


def test_slices_average_per_user_and_mark_the_small_ones() -> None:
    users = np.array([0, 0, 0, 1, *range(100, 130)])
    groups = np.array([0, 0, 1, 0, *[2] * 30])
    values = {"recall@10": np.array([1.0, 0.0, 1.0, 1.0, *[0.0] * 29, 1.0])}

    found = slices.sliced(values, users, groups, ("few", "some", "many", "empty"))

    assert found == {
        "few": {"users": 2, "targets": 3, "small": True, "recall@10": (1 / 2 + 1) / 2},
        "some": {"users": 1, "targets": 1, "small": True, "recall@10": 1.0},
        "many": {"users": 30, "targets": 30, "small": False, "recall@10": 1 / 30},
        "empty": {"users": 0, "targets": 0, "small": True, "recall@10": None},
    }
