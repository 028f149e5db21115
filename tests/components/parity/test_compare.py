"""When two answers are the same."""

from typing import Any

import numpy as np
import pytest

from components.parity.compare import (
    TOLERANCE,
    compare,
    compare_lists,
    equal_lists,
    max_difference,
)
from schemas.serving import PADDING_SCORE


def answer(ids: str, scores: list[float]) -> dict[str, Any]:
    """One list; an item is a letter, "_" none."""
    letters = [letter.replace("_", "").encode() for letter in ids]
    return {"item_id": np.array([letters], object), "score": np.array([scores], np.float32)}


def test_differences_are_relative_to_the_largest_of_the_row_or_to_one() -> None:
    served = np.array([[101.0, 2.0], [-0.25, 0.5]], np.float32)
    trained = np.array([[100.0, 0.0], [0.0, 0.5]], np.float32)

    assert max_difference(served[:1], trained[:1]) == pytest.approx(2 / 100)
    assert max_difference(served[1:], trained[1:]) == pytest.approx(0.25 / 1)
    assert max_difference(served, trained) == pytest.approx(max(2 / 100, 0.25))
    assert max_difference(served[:0], trained[:0]) == 0.0


def test_a_place_without_an_item_is_no_measure() -> None:
    trained = np.array([[2.0, PADDING_SCORE]], np.float32)

    assert max_difference(np.array([[3.0, PADDING_SCORE]]), trained) == pytest.approx(1 / 2)
    assert max_difference(np.array([[2.0, 1.0]]), trained) > 1e30


def test_rounding_of_long_embeddings_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    queries, items = (rng.normal(size=(100, 256)).astype(np.float32) for _ in range(2))
    order = rng.permutation(256)

    one, other = queries @ items.T, queries[:, order] @ items[:, order].T

    assert (np.abs(one - other) / np.maximum(1, np.abs(one))).max() > TOLERANCE / 10
    assert max_difference(one, other) < TOLERANCE / 10


@pytest.mark.parametrize("served", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_differs_by_a_finite_amount(served: float) -> None:
    difference = max_difference(np.array([[served, 1.0]]), np.array([[1.0, 1.0]]))

    assert 1e30 < difference < np.inf


SMALL = TOLERANCE / 4
TRAINED = answer("abc", [0.9, 0.5, 0.5 - SMALL])


@pytest.mark.parametrize(
    ("served", "is_equal"),
    [
        (answer("abc", [0.9, 0.5, 0.5 - SMALL]), True),
        (answer("acb", [0.9, 0.5, 0.5]), True),  # a tie in another order
        (answer("abd", [0.9, 0.5, 0.5]), True),  # a tie with the last place
        (answer("adc", [0.9, 0.5, 0.5]), True),
        (answer("bac", [0.9, 0.5, 0.5]), False),
        (answer("dbc", [0.9, 0.5, 0.5]), False),
        (answer("abd", [0.9, 0.5, 0.4]), False),
        (answer("abc", [0.9, 0.5, 0.5 + 3 * TOLERANCE]), False),
        (answer("ab_", [0.9, 0.5, PADDING_SCORE]), False),
        (answer("abc", [0.9, 0.5, np.nan]), False),
    ],
)
def test_lists_are_the_same_up_to_ties(served: dict[str, Any], is_equal: bool) -> None:
    assert equal_lists(served, TRAINED).tolist() == [is_equal]


def test_lists_that_both_end_early_are_the_same() -> None:
    short = answer("a__", [0.9, PADDING_SCORE, PADDING_SCORE])

    assert compare_lists(short, short).is_equal
    assert not compare_lists(short, answer("ab_", [0.9, 0.1, PADDING_SCORE])).is_equal


def test_lists_are_compared_over_the_places_that_both_have() -> None:
    longer = answer("abcd", [0.9, 0.5, 0.5 - SMALL, 0.1])

    for served, trained in ((longer, TRAINED), (TRAINED, longer)):
        compared = compare_lists(served, trained)
        assert (compared.rows, compared.equal_lists, compared.max_difference) == (1, 1.0, 0.0)


def test_a_signature_is_compared_by_what_it_answers() -> None:
    two = {name: np.concatenate([TRAINED[name]] * 2) for name in TRAINED}
    other = {**two, "item_id": np.array([[b"a", b"b", b"c"], [b"b", b"a", b"c"]], object)}

    lists = compare(other, two)
    assert (lists.rows, lists.equal_lists, lists.max_difference) == (2, 1 / 2, 0.0)
    assert not lists.is_equal

    embedding = {"embedding": np.ones((3, 2), np.float32)}
    embeddings = compare({"embedding": np.full((3, 2), 1.5, np.float32)}, embedding)
    assert (embeddings.rows, embeddings.equal_lists) == (3, None)
    assert embeddings.max_difference == pytest.approx(0.5)
    assert compare(embedding, embedding).is_equal
