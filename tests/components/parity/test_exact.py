"""Exact search of the reference, against sorting everything."""

import numpy as np

from components.parity.exact import best_items
from schemas.metrics import LIST_LENGTH
from schemas.serving import PADDING_SCORE
from tests.components.parity.samples import bytes_array

RNG = np.random.default_rng(11)


def test_the_best_items_that_are_not_excluded() -> None:
    queries = RNG.normal(size=(5, 4)).astype(np.float32)
    candidates = RNG.normal(size=(40, 4)).astype(np.float32)
    ids = bytes_array([f"i{row}" for row in range(40)])
    excluded = [RNG.integers(40, size=size) for size in (0, 1, 3, 20, 200)]

    found = best_items(queries, candidates, ids, excluded)

    scores = queries.astype(float) @ candidates.astype(float).T
    for row, gone in enumerate(excluded):
        order = [item for item in np.argsort(-scores[row]) if item not in set(gone)][:LIST_LENGTH]
        filled = found["item_id"][row] != b""
        assert found["item_id"][row][filled].tolist() == ids[order].tolist()
        np.testing.assert_allclose(found["score"][row][filled], scores[row][order], rtol=1e-5)
        assert (found["score"][row][~filled] == np.float32(PADDING_SCORE)).all()


def test_a_catalogue_that_is_short_or_all_excluded() -> None:
    ids = bytes_array(["a", "b"])
    candidates = np.array([[1.0], [2.0]], np.float32)
    queries = np.ones((2, 1), np.float32)

    found = best_items(queries, candidates, ids, [np.array([], int), np.array([1, 0, 1])])

    assert found["item_id"][0, :3].tolist() == [b"b", b"a", b""]
    assert set(found["item_id"][1]) == {b""}
