"""Item-kNN and its variant for the last item, compared with naive loops."""

from math import sqrt

import numpy as np
import numpy.typing as npt
import pytest

from components.evaluator.baselines import item_knn
from components.evaluator.baselines.item_knn import (
    LastItem,
    SimilarityTable,
    fit_item_knn,
    neighbours_axis,
)
from components.evaluator.columns import NO_ITEM
from tests.components.evaluator.baselines.small import (
    NUM_ITEMS,
    TIES,
    histories,
    popularity_ties,
    summed,
    training_events,
    users_of_items,
)
from tests.components.evaluator.logs import event_columns


def naive_similarity(num_neighbours: int) -> npt.NDArray[np.float64]:
    users = users_of_items(training_events())
    similarity = np.zeros((NUM_ITEMS, NUM_ITEMS))
    for i in range(NUM_ITEMS):
        cosines = {
            j: len(users[i] & users[j]) / sqrt(len(users[i]) * len(users[j]))
            for j in range(NUM_ITEMS)
            if j != i and users[i] & users[j]
        }
        for j in sorted(cosines, key=lambda j: (-round(cosines[j], 9), j))[:num_neighbours]:
            similarity[i, j] = cosines[j]
    return similarity


@pytest.mark.parametrize("rows_per_chunk", [5, 1024])
@pytest.mark.parametrize("num_neighbours", [3, 100])
def test_item_knn_matches_naive_loops(
    num_neighbours: int, rows_per_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_knn, "_ROWS_PER_CHUNK", rows_per_chunk)
    expected = summed(naive_similarity(num_neighbours), histories())

    train = training_events()
    fitted = fit_item_knn(train, popularity_ties(train), num_neighbours)
    scores = fitted.scores(histories())

    np.testing.assert_allclose(scores, expected, atol=TIES)


def test_last_item_uses_only_the_newest_event() -> None:
    similarity = np.vstack([naive_similarity(100), np.zeros(NUM_ITEMS)])
    expected = similarity[histories()[:, 0]]

    train = training_events()
    last = LastItem(fit_item_knn(train, popularity_ties(train), 100))

    np.testing.assert_allclose(last.scores(histories()), expected, atol=TIES)


def test_each_number_of_neighbours_equals_a_separate_fit() -> None:
    train = training_events()
    ties = popularity_ties(train)
    table = SimilarityTable(train, ties)

    # The second grid has fewer neighbours than the first one, the third has more.
    for grid in ((2, 5, 3), (1, 4), (11, 7)):
        all_fitted = list(table.fit_grid(grid, LastItem))
        assert [fitted.settings for fitted in all_fitted] == [{"neighbours": n} for n in grid]
        for fitted, num_neighbours in zip(all_fitted, grid, strict=True):
            expected = LastItem(fit_item_knn(train, ties, num_neighbours))
            assert fitted.baseline is not None
            assert np.array_equal(fitted.baseline.scores(histories()), expected.scores(histories()))


@pytest.mark.parametrize(
    ("num_items", "highest", "values"),
    [
        (1, 1, (1,)),
        (2, 1, (1,)),
        (3, 2, (2,)),
        (2_000, 1_999, (2, 10, 50, 200, 1000)),
        (50_000, 500, (2, 10, 50, 200)),
        (1_000_000, 100, (2, 10, 50)),
    ],
)
def test_neighbours_are_limited_by_the_items_and_the_memory(
    num_items: int, highest: int, values: tuple[int, ...]
) -> None:
    axis = neighbours_axis(num_items)

    assert (axis.highest, axis.values) == (highest, values)


def test_only_the_newest_events_of_a_very_active_user_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(item_knn, "MAX_ITEMS_PER_USER", 2)
    train = event_columns([(0, [(0, 1, 1), (1, 2, 1), (2, 3, 1)])])

    scores = fit_item_knn(train, popularity_ties(train, 3), 100).scores(
        np.array([[0], [1], [NO_ITEM]])
    )

    assert scores[0].max() < TIES
    assert scores[1].tolist() == pytest.approx([0, 0, 1], abs=TIES)
    assert scores[2].max() < TIES
