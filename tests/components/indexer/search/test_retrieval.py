"""Exact search, filters and retrieval against NumPy."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.indexer.search import exact as exact_module
from components.indexer.search.conditions import Conditions, ConditionSearch
from components.indexer.search.exact import ExactSearch
from components.indexer.search.filters import CategoryFilter
from components.indexer.search.item_table import ItemTable
from components.indexer.search.retrieval import Retrieval, Search
from components.indexer.search.unavailable_items import UnavailableItems
from schemas import serving

RNG = np.random.default_rng(5)
VECTORS = RNG.normal(size=(40, 4)).astype(np.float32)
QUERIES = RNG.normal(size=(7, 4)).astype(np.float32)
NONE_UNAVAILABLE = UnavailableItems(
    ItemTable(np.array([b"i%d" % row for row in range(40)], object))
)
ANYTHING = ConditionSearch(len(VECTORS))
COLOURS = np.array([[b"red", b""], [b"", b""], [b"blue", b"red"], [b"blue", b"blue"]], object)


@pytest.fixture
def exact() -> ExactSearch:
    return ExactSearch(tf.Variable(VECTORS))


@pytest.mark.parametrize("scores_at_a_time", [1, 3 * len(VECTORS), 10_000])
def test_exact_search_in_chunks_of_any_size(
    monkeypatch: pytest.MonkeyPatch, exact: ExactSearch, scores_at_a_time: int
) -> None:
    monkeypatch.setattr(exact_module, "_MAX_SCORES", scores_at_a_time)
    rows, scores = exact(tf.constant(QUERIES), tf.constant(5))
    expected = np.argsort(-(QUERIES @ VECTORS.T), axis=1)[:, :5]
    np.testing.assert_array_equal(rows, expected)
    best = np.take_along_axis(QUERIES @ VECTORS.T, expected, axis=1)
    np.testing.assert_allclose(scores, best, rtol=1e-5)


@pytest.mark.parametrize(
    ("wanted", "eligible"),
    [
        ([], [True, True, True, True]),
        (["", ""], [True, True, True, True]),
        (["red"], [True, False, True, False]),
        (["red", "", "blue", "red"], [True, False, True, True]),
        (["green"], [False, False, False, False]),
        (["green", "blue"], [False, False, True, True]),
    ],
)
def test_filter_passes_items_with_any_wanted_value(wanted: list[str], eligible: list[bool]) -> None:
    colours = CategoryFilter("colour", COLOURS)
    assert list(colours.eligible(tf.constant(wanted, tf.string)).numpy()) == eligible


def test_filter_of_a_feature_without_values() -> None:
    empty = CategoryFilter("colour", np.full((3, 1), b"", object))
    assert list(empty.eligible(tf.constant([""])).numpy()) == [True] * 3
    assert list(empty.eligible(tf.constant(["red"])).numpy()) == [False] * 3


def _answer(
    retrieval: Retrieval, exclude: npt.NDArray[np.int64], k: list[int], fetch: int
) -> npt.NDArray[np.int32]:
    rows, scores = retrieval(
        tf.constant(QUERIES[: len(k)]),
        tf.constant(exclude, tf.int32),
        tf.constant(k),
        tf.constant(max(k)),
        tf.constant(fetch),
        Conditions(),
    )
    assert np.isfinite(scores.numpy()).all()
    return rows.numpy()


def test_only_short_rows_are_searched_again(exact: ExactSearch) -> None:
    searched = []

    class Counting(ExactSearch):
        def __call__(
            self, queries: tf.Tensor, num_neighbors: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor]:
            searched.append(len(queries))
            return super().__call__(queries, num_neighbors)

    def narrow(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the best two items and pads with NaN."""
        rows, scores = exact(queries, num_neighbors)
        return rows, tf.where(tf.range(num_neighbors) < 2, scores, np.nan)

    retrieval = Retrieval(narrow, Counting(exact.embedding), ANYTHING, NONE_UNAVAILABLE)
    order = np.argsort(-(QUERIES @ VECTORS.T), axis=1)
    rows = _answer(retrieval, np.full((3, 0), -1), [2, 6, 1], fetch=6)
    assert searched == [1]
    assert list(rows[0]) == [*order[0][:2], -1, -1, -1, -1]
    assert list(rows[1]) == list(order[1][:6])


def test_signature_with_its_own_search_uses_it(exact: ExactSearch) -> None:
    def fail(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        raise AssertionError("not the search of this signature")

    nothing = tf.fill([3, 0], -1)
    two = tf.constant(2)

    def answer(search: Search, other: Search, signature: str) -> npt.NDArray[np.int32]:
        others = {serving.SIMILAR_ITEMS: other}
        retrieval = Retrieval(search, exact, ANYTHING, NONE_UNAVAILABLE, others)
        queries = tf.constant(QUERIES[:3])
        rows, _ = retrieval(queries, nothing, tf.fill([3], 2), two, two, Conditions(), signature)
        return rows.numpy()

    best = np.argsort(-(QUERIES[:3] @ VECTORS.T), axis=1)[:, :2]
    np.testing.assert_array_equal(answer(fail, exact, serving.SIMILAR_ITEMS), best)
    for signature in (serving.RECOMMEND, serving.DEFAULT):
        np.testing.assert_array_equal(answer(exact, fail, signature), best)


def test_rows_are_not_searched_again_if_no_more_items_exist(exact: ExactSearch) -> None:
    def fail(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        raise AssertionError("searched again")

    retrieval = Retrieval(exact, exact, ANYTHING, NONE_UNAVAILABLE)
    retrieval._search_exactly = fail  # type: ignore[method-assign, assignment]
    hidden = np.arange(len(VECTORS) - 3)[np.newaxis]
    rows = _answer(retrieval, hidden, [10], fetch=10_000)
    assert set(rows[0]) == {37, 38, 39, -1}


def test_nan_query_returns_no_items(exact: ExactSearch) -> None:
    rows, scores = Retrieval(exact, exact, ANYTHING, NONE_UNAVAILABLE)(
        tf.fill([1, 4], np.nan),
        tf.fill([1, 0], -1),
        tf.constant([3]),
        tf.constant(3),
        tf.constant(5),
        Conditions(),
    )
    assert list(rows.numpy()[0]) == [-1] * 3
    assert np.isfinite(scores.numpy()).all()


def test_filter_with_k_of_zero(exact: ExactSearch) -> None:
    colours = CategoryFilter("colour", np.full((len(VECTORS), 1), b"red", object))
    conditions = ConditionSearch(len(VECTORS), {"colour": colours})
    rows, scores = Retrieval(exact, exact, conditions, NONE_UNAVAILABLE)(
        tf.constant(QUERIES[:2]),
        tf.fill([2, 0], -1),
        tf.constant([0, 0]),
        tf.constant(0),
        tf.constant(5),
        Conditions({"colour": tf.constant([["red"], [""]])}),
    )
    assert rows.shape == scores.shape == (2, 0)


def test_empty_batch(exact: ExactSearch) -> None:
    rows, _ = Retrieval(exact, exact, ANYTHING, NONE_UNAVAILABLE)(
        tf.zeros([0, 4]),
        tf.fill([0, 2], -1),
        tf.zeros([0], tf.int32),
        tf.constant(0),
        tf.constant(5),
        Conditions(),
    )
    assert rows.shape == (0, 0)
