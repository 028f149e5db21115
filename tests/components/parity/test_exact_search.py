"""Exact search compared with a full sort."""

import numpy as np

from components.parity.exact_search import exact_search
from schemas.metrics import LIST_LENGTH
from schemas.serving import PADDING_SCORE
from tests.components.parity.samples import bytes_array

RNG = np.random.default_rng(11)


def test_returns_the_highest_scores_without_excluded_items() -> None:
    queries = RNG.normal(size=(5, 4)).astype(np.float32)
    candidates = RNG.normal(size=(40, 4)).astype(np.float32)
    ids = bytes_array([f"i{row}" for row in range(40)])
    excluded = [RNG.integers(40, size=size) for size in (0, 1, 3, 20, 200)]

    result = exact_search(queries, candidates, ids, excluded)

    scores = queries.astype(float) @ candidates.astype(float).T
    for row, rows in enumerate(excluded):
        order = [item for item in np.argsort(-scores[row]) if item not in set(rows)][:LIST_LENGTH]
        filled = result["item_id"][row] != b""
        assert result["item_id"][row][filled].tolist() == ids[order].tolist()
        np.testing.assert_allclose(result["score"][row][filled], scores[row][order], rtol=1e-5)
        assert (result["score"][row][~filled] == np.float32(PADDING_SCORE)).all()


def test_places_stay_unfilled_if_too_few_items_are_left() -> None:
    ids = bytes_array(["a", "b"])
    candidates = np.array([[1.0], [2.0]], np.float32)
    queries = np.ones((2, 1), np.float32)

    result = exact_search(queries, candidates, ids, [np.array([], int), np.array([1, 0, 1])])

    assert result["item_id"][0, :3].tolist() == [b"b", b"a", b""]
    assert set(result["item_id"][1]) == {b""}
