"""Ranks and lists compared with a naive sort, with ties, seen items and chunks of any size."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluator.columns import NO_ITEM
from components.evaluator.history import SeenItems
from components.evaluator.queries import Queries
from components.evaluator.ranking import dot_product_scorer, rank_exclusions, rank_queries


def queries_of(relevant: list[list[int]], seen: list[set[int]]) -> Queries:
    flat = [item for items_seen in seen for item in sorted(items_seen)]
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in seen])]).astype(np.int64)
    zeros = np.zeros(len(relevant), np.int64)
    return Queries(
        split="test",
        position=zeros,
        user=np.arange(len(relevant)),
        item=np.concatenate(relevant).astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(items) for items in relevant])]),
        num_past_events=zeros,
        seen=SeenItems(
            np.array(flat, np.int64), offsets[:-1], offsets[1:], zeros[:0], np.append(zeros, 0)
        ),
    )


def naive_ranks(scores: Sequence[float], relevant: list[int], seen: set[int]) -> list[int]:
    """Sorts the candidates, with relevant items after all others of the same score."""
    left = [item for item in range(len(scores)) if item not in seen]
    in_order = sorted(left, key=lambda item: (-scores[item], item in relevant))
    return [place for place, item in enumerate(in_order, start=1) if item in relevant]


def naive_top(scores: Sequence[float], seen: set[int], top_k: int) -> list[int]:
    left = [item for item in range(len(scores)) if item not in seen]
    best = sorted(left, key=lambda item: (-scores[item], item))[:top_k]
    return best + [NO_ITEM] * (top_k - len(best))


@given(st.data())
@settings(deadline=None)
def test_ranks_and_lists_match_a_naive_sort(data: st.DataObject) -> None:
    num_items = data.draw(st.integers(1, 8))
    num_queries = data.draw(st.integers(1, 12))
    row = st.lists(st.integers(-2, 2), min_size=num_items, max_size=num_items)  # many ties
    scores = data.draw(st.lists(row, min_size=num_queries, max_size=num_queries))
    some_items = st.sets(st.integers(0, num_items - 1), min_size=1)
    relevant = [sorted(data.draw(some_items)) for _ in range(num_queries)]
    seen = [data.draw(st.sets(st.integers(0, num_items - 1))) - set(items) for items in relevant]
    chunk_size = data.draw(st.integers(1, 13))

    ranking = rank_queries(
        lambda rows: np.array(scores[rows], np.float32),
        queries_of(relevant, seen),
        num_items,
        top_k=3,
        chunk_size=chunk_size,
    )

    expected = [naive_ranks(*query) for query in zip(scores, relevant, seen, strict=True)]
    assert ranking.ranks.tolist() == [rank for ranks in expected for rank in ranks]
    assert ranking.offsets.tolist() == [0, *np.cumsum([len(ranks) for ranks in expected])]
    assert ranking.top.tolist() == [
        naive_top(of_query, excluded, 3) for of_query, excluded in zip(scores, seen, strict=True)
    ]


@pytest.mark.parametrize("values", [2, 50, 10**6])
def test_a_catalogue_of_many_groups_matches_a_naive_sort(values: int) -> None:
    rng = np.random.default_rng(values)
    num_items, num_queries = 2_500, 9
    scores = rng.integers(values, size=(num_queries, num_items)).astype(np.float32)
    relevant = [
        rng.choice(num_items, size, False).tolist() for size in (1, 1, 7, 1, 2, 1, 40, 1, 1)
    ]
    seen = [
        set(np.argsort(-scores[n])[: 5 * n].tolist()) - set(relevant[n])  # the best ones
        for n in range(num_queries)
    ]

    ranking = rank_queries(lambda rows: scores[rows].copy(), queries_of(relevant, seen), num_items)

    for n in range(num_queries):
        of_query = slice(*ranking.offsets[n : n + 2])
        assert ranking.ranks[of_query].tolist() == naive_ranks(
            scores[n].tolist(), relevant[n], seen[n]
        )
        assert ranking.top[n].tolist() == naive_top(scores[n].tolist(), seen[n], 10)


def test_a_relevant_item_tied_with_all_candidates_has_the_last_rank() -> None:
    ranking = rank_queries(
        lambda rows: np.zeros((1, 5), np.float32), queries_of([[2]], [{0, 1}]), num_items=5
    )

    assert ranking.ranks.tolist() == [5 - 2]
    assert ranking.top.tolist() == [[2, 3, 4] + [NO_ITEM] * 7]


def test_ranks_of_a_query_with_several_relevant_items() -> None:
    scores = np.array([[5, 4, 3, 2, 1]], np.float32)

    ranking = rank_queries(lambda rows: scores.copy(), queries_of([[3, 1]], [{0}]), num_items=5)

    # Of the items 1 to 4, item 1 is the first and item 3 the third.
    assert ranking.ranks.tolist() == [1, 3]


def test_the_only_item_has_rank_one() -> None:
    ranking = rank_queries(lambda rows: np.zeros((1, 1), np.float32), queries_of([[0]], [set()]), 1)

    assert ranking.ranks.tolist() == [1]
    assert ranking.top.tolist() == [[0] + [NO_ITEM] * 9]


def test_select_returns_the_ranking_of_the_selected_queries() -> None:
    scores = np.array([[1, 2, 3], [3, 2, 1], [2, 3, 1]], np.float32)
    ranking = rank_queries(
        lambda rows: scores[rows].copy(), queries_of([[0, 1], [1], [2, 0]], [set()] * 3), 3
    ).select(np.array([True, False, True]))

    assert ranking.ranks.tolist() == [2, 3, 2, 3]
    assert ranking.offsets.tolist() == [0, 2, 4]
    assert ranking.top[:, :3].tolist() == [[2, 1, 0], [1, 0, 2]]


def test_the_scorer_is_called_once_per_chunk() -> None:
    calls = []

    def scorer(rows: slice) -> npt.NDArray[np.float32]:
        calls.append((rows.start, rows.stop))
        return np.zeros((rows.stop - rows.start, 2), np.float32)

    rank_queries(scorer, queries_of([[0]] * 5, [set()] * 5), num_items=2, chunk_size=2)

    assert calls == [(0, 2), (2, 4), (4, 5)]


def test_dot_product_scorer_scores_a_slice_of_the_queries() -> None:
    queries = np.array([[1, 0], [0, 1], [2, 3]], np.float32)
    candidates = np.array([[5, 7], [11, 13]], np.float32)
    scorer = dot_product_scorer(queries, candidates)

    assert scorer(slice(0, 1)).tolist() == [[5, 11]]
    assert scorer(slice(1, 3)).tolist() == [[7, 13], [2 * 5 + 3 * 7, 2 * 11 + 3 * 13]]


def test_embeddings_whose_products_overflow_raise_an_error() -> None:
    long = np.full((1, 2), 1e30, np.float32)

    with pytest.raises(FloatingPointError, match="overflow"):
        dot_product_scorer(long, long)


@pytest.mark.parametrize("score", [np.inf, -np.inf])
def test_a_score_of_a_relevant_item_that_is_not_finite_raises_an_error(score: float) -> None:
    with pytest.raises(FloatingPointError, match=r"relevant item .* not finite"):
        rank_queries(
            lambda rows: np.array([[score, 1.0]], np.float32), queries_of([[0]], [set()]), 2
        )


@pytest.mark.parametrize("item", [0, 1])
def test_a_score_that_is_nan_raises_an_error(item: int) -> None:
    with pytest.raises(FloatingPointError, match="NaN"):
        rank_queries(
            lambda rows: np.array([[np.nan, 1.0]], np.float32), queries_of([[item]], [set()]), 2
        )


@pytest.mark.parametrize("chunk_size", [1, 3, 50])
def test_rankings_with_other_exclusions_are_those_of_separate_queries(chunk_size: int) -> None:
    rng = np.random.default_rng(4)
    scores = rng.integers(0, 4, size=(20, 30)).astype(np.float32)
    seen = [set(rng.integers(0, 25, size=6).tolist()) for _ in range(20)]
    queries = queries_of([[25 + row % 5] for row in range(20)], seen)
    fewer = replace(
        queries, seen=queries_of([[0]] * 20, [set(sorted(items)[:2]) for items in seen]).seen
    )
    num_scored = []

    def scorer(rows: slice) -> npt.NDArray[np.float32]:
        num_scored.append(rows.stop - rows.start)
        return scores[rows].copy()

    together = rank_exclusions(scorer, [queries, fewer], 30, chunk_size=chunk_size)

    assert sum(num_scored) == 20
    for each, ranking in zip((queries, fewer), together, strict=True):
        alone = rank_queries(lambda rows: scores[rows].copy(), each, 30)
        np.testing.assert_array_equal(ranking.ranks, alone.ranks)
        np.testing.assert_array_equal(ranking.top, alone.top)
    assert (together[1].ranks >= together[0].ranks).all()
    assert (together[1].ranks > together[0].ranks).any()
