"""Measures of lists, on small lists whose values can be counted."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.served_lists import (
    ANONYMOUS,
    HISTORY_RANGES,
    ItemCounts,
    ServedLists,
    Share,
    measure_lists,
)


def lists_of(rows: list[dict[str, Any]]) -> ServedLists:
    """Returns lists of rows with user, history, k and items; the score of an item is its rank."""
    items = [row["items"] for row in rows]
    scores = [-np.arange(len(each), dtype=np.float32) for each in items]
    return ServedLists(
        user=np.array([row["user"] for row in rows], np.int64),
        is_known_user=np.array([row["user"] == 1 for row in rows], bool),
        history_length=np.array([row["history"] for row in rows], np.int64),
        num_history_ids=np.array([row["history"] for row in rows], np.int64),
        num_unknown_items=np.array([min(1, row["history"]) for row in rows], np.int64),
        k=np.array([row["k"] for row in rows], np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(each) for each in items])]).astype(np.int64),
        item=np.array([item for each in items for item in each], np.int64),
        score=np.concatenate([np.zeros(0, np.float32), *scores]),
    )


ROWS = [
    {"user": 1, "history": 0, "k": 2, "items": [5, 6]},
    {"user": 1, "history": 4, "k": 2, "items": [5]},
    {"user": 2, "history": 30, "k": 1, "items": [7]},
    {"user": ANONYMOUS, "history": 1, "k": 2, "items": [6, 5]},
    {"user": ANONYMOUS, "history": 2, "k": 2, "items": []},
]


def test_measures_are_those_of_the_rows() -> None:
    measures = measure_lists(lists_of(ROWS), max_history=10)

    assert (measures.num_requests, measures.num_users) == (5, 4)
    assert measures.mean_history == (0 + 4 + 10 + 1 + 2) / 5
    assert {label: count for label, count in measures.histories.items() if count} == {
        "0": 1,
        "1": 1,
        "2": 1,
        "3-4": 1,
        "10-19": 1,
    }
    assert measures.unknown_users == Share(3, 5)
    assert measures.unknown_items == Share(4, 37)
    assert measures.short_lists == Share(2, 5)
    assert measures.items == {
        1: ItemCounts(5, {1: 2, 2: 1}),
        2: ItemCounts(4, {2: 1, 3: 1}),
    }
    assert (measures.scores[1].median, measures.scores[2].median) == (0.0, -1.0)
    assert sum(measures.scores[1].counts) == 4
    assert sum(measures.scores[2].counts) == 2


def test_scores_are_counted_in_the_bins_of_the_reference() -> None:
    lists = lists_of([{"user": 1, "history": 0, "k": 2, "items": [1, 2]}] * 3)

    measures = measure_lists(lists, 10, {1: (-5.0, 5.0), 2: (-0.5,)})

    assert measures.scores[1].counts == (0, 3, 0)
    assert measures.scores[2].counts == (3, 0)


def test_nothing_has_no_values() -> None:
    measures = measure_lists(lists_of([]), 10)

    assert (measures.num_requests, measures.mean_history, measures.items) == (0, None, {})
    assert measures.short_lists.value is None


def test_what_is_not_known_is_not_counted() -> None:
    lists = lists_of(ROWS)
    unknown = ServedLists(**{**vars(lists), "is_known_user": None, "num_unknown_items": None})

    measures = measure_lists(unknown, 10)

    assert (measures.unknown_users, measures.unknown_items) == (None, None)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=20))
def test_each_history_is_in_the_range_of_its_length(lengths: list[int]) -> None:
    rows = [{"user": 1, "history": length, "k": 0, "items": []} for length in lengths]

    counts = measure_lists(lists_of(rows), 1000).histories

    starts = list(HISTORY_RANGES.values())
    for label, start, end in zip(HISTORY_RANGES, starts, [*starts[1:], 10_000], strict=True):
        assert counts[label] == sum(start <= length < end for length in lengths)
