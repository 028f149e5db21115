"""Ranks against a naive sort, with ties, seen items and chunks of any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.evaluator.columns import NO_ITEM
from components.evaluator.history import SeenItems
from components.evaluator.protocol import Targets
from components.evaluator.ranking import dot_product, rank_targets


def targets_of(items: list[int], seen: list[set[int]]) -> Targets:
    flat = [item for items_seen in seen for item in sorted(items_seen)]
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in seen])]).astype(np.int64)
    zeros = np.zeros(len(items), np.int64)
    return Targets(
        position=zeros,
        user=np.arange(len(items)),
        item=np.array(items),
        num_past_events=zeros,
        seen=SeenItems(
            np.array(flat, np.int64), offsets[:-1], offsets[1:], zeros[:0], np.append(zeros, 0)
        ),
        num_repeats_skipped=0,
        num_available=len(items),
    )


def naive_rank(scores: np.ndarray, item: int, seen: set[int]) -> int:
    """Sorts the candidates, the true item behind all that score the same."""
    others = [float(s) for n, s in enumerate(scores) if n != item and n not in seen]
    return (
        sorted([*(-s for s in others), float("inf")]).index(
            next((-s for s in sorted(others, reverse=True) if s < scores[item]), float("inf"))
        )
        + 1
    )


@given(st.data())
def test_ranks_and_lists_match_a_naive_sort(data: st.DataObject) -> None:
    num_items = data.draw(st.integers(1, 8))
    num_targets = data.draw(st.integers(1, 12))
    few_values = st.integers(-2, 2)  # so that ties abound
    row = st.lists(few_values, min_size=num_items, max_size=num_items)
    scores = np.array(
        data.draw(st.lists(row, min_size=num_targets, max_size=num_targets)), np.float32
    )
    items = data.draw(
        st.lists(st.integers(0, num_items - 1), min_size=num_targets, max_size=num_targets)
    )
    seen = [
        data.draw(st.sets(st.integers(0, num_items - 1), max_size=num_items)) - {item}
        for item in items
    ]
    chunk_size = data.draw(st.integers(1, 13))

    ranking = rank_targets(
        lambda rows: scores[rows].copy(), targets_of(items, seen), num_items, 3, chunk_size
    )

    for n in range(num_targets):
        assert ranking.ranks[n] == naive_rank(scores[n], items[n], seen[n])
        left = [item for item in range(num_items) if item not in seen[n]]
        best = sorted(left, key=lambda item: (-scores[n, item], item))[:3]
        assert ranking.top[n].tolist() == best + [NO_ITEM] * (3 - len(best))


def test_identical_scores_rank_last_of_what_is_left() -> None:
    ranking = rank_targets(
        lambda rows: np.zeros((1, 5), np.float32), targets_of([2], [{0, 1}]), num_items=5
    )

    assert ranking.ranks.tolist() == [5 - 2]


def test_one_item_ranks_first() -> None:
    ranking = rank_targets(lambda rows: np.zeros((1, 1), np.float32), targets_of([0], [set()]), 1)

    assert ranking.ranks.tolist() == [1]
    assert ranking.top.tolist() == [[0] + [NO_ITEM] * 9]


def test_dot_product_scores_a_slice() -> None:
    queries = np.array([[1, 0], [0, 1], [2, 3]], np.float32)
    candidates = np.array([[5, 7], [11, 13]], np.float32)

    scores = dot_product(queries, candidates)(slice(1, 3))

    assert scores.tolist() == [[7, 13], [2 * 5 + 3 * 7, 2 * 11 + 3 * 13]]


def test_vectors_that_overflow_are_refused() -> None:
    long = np.full((1, 2), 1e30, np.float32)

    with pytest.raises(FloatingPointError, match="overflow"):
        dot_product(long, long)


def test_nan_score_of_the_true_item_is_refused() -> None:
    with pytest.raises(FloatingPointError, match="not finite"):
        rank_targets(
            lambda rows: np.array([[np.nan, 1.0]], np.float32), targets_of([0], [set()]), 2
        )
