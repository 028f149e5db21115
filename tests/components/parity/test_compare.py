"""Differences between serving and training outputs."""

from typing import Any

import numpy as np
import pytest

from components.parity.compare import (
    TOLERANCE,
    compare_lists,
    compare_outputs,
    matching_lists,
    max_difference,
)
from schemas.serving import PADDING_SCORE


def list_outputs(ids: str, scores: list[float]) -> dict[str, Any]:
    """Outputs of one query; each item is one letter, "_" is an unfilled place."""
    letters = [letter.replace("_", "").encode() for letter in ids]
    return {"item_id": np.array([letters], object), "score": np.array([scores], np.float32)}


def test_differences_are_relative_to_the_largest_of_the_row_or_to_one() -> None:
    served = np.array([[101.0, 2.0], [-0.25, 0.5]], np.float32)
    trained = np.array([[100.0, 0.0], [0.0, 0.5]], np.float32)

    assert max_difference(served[:1], trained[:1]) == pytest.approx(2 / 100)
    assert max_difference(served[1:], trained[1:]) == pytest.approx(0.25 / 1)
    assert max_difference(served, trained) == pytest.approx(max(2 / 100, 0.25))
    assert max_difference(served[:0], trained[:0]) == 0.0


def test_unfilled_places_do_not_count_towards_the_scale() -> None:
    trained = np.array([[2.0, PADDING_SCORE]], np.float32)

    assert max_difference(np.array([[3.0, PADDING_SCORE]]), trained) == pytest.approx(1 / 2)
    assert max_difference(np.array([[2.0, 1.0]]), trained) > 1e30


def test_rounding_of_long_dot_products_stays_within_the_tolerance() -> None:
    rng = np.random.default_rng(0)
    queries, items = (rng.normal(size=(100, 256)).astype(np.float32) for _ in range(2))
    order = rng.permutation(256)

    one, other = queries @ items.T, queries[:, order] @ items[:, order].T

    assert (np.abs(one - other) / np.maximum(1, np.abs(one))).max() > TOLERANCE / 10
    assert max_difference(one, other) < TOLERANCE / 10


@pytest.mark.parametrize("served", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_give_a_large_finite_difference(served: float) -> None:
    difference = max_difference(np.array([[served, 1.0]]), np.array([[1.0, 1.0]]))

    assert 1e30 < difference < np.inf


SMALL = TOLERANCE / 4
TRAINED = list_outputs("abc", [0.9, 0.5, 0.5 - SMALL])


@pytest.mark.parametrize(
    ("served", "is_equal"),
    [
        (list_outputs("abc", [0.9, 0.5, 0.5 - SMALL]), True),
        (list_outputs("acb", [0.9, 0.5, 0.5]), True),  # tied items in another order
        (list_outputs("abd", [0.9, 0.5, 0.5]), True),  # an item tied with the last place
        (list_outputs("adc", [0.9, 0.5, 0.5]), True),
        (list_outputs("bac", [0.9, 0.5, 0.5]), False),
        (list_outputs("dbc", [0.9, 0.5, 0.5]), False),
        (list_outputs("abd", [0.9, 0.5, 0.4]), False),
        (list_outputs("abc", [0.9, 0.5, 0.5 + 3 * TOLERANCE]), False),
        (list_outputs("ab_", [0.9, 0.5, PADDING_SCORE]), False),
        (list_outputs("abc", [0.9, 0.5, np.nan]), False),
    ],
)
def test_lists_match_up_to_ties(served: dict[str, Any], is_equal: bool) -> None:
    assert matching_lists(served, TRAINED).tolist() == [is_equal]


def test_lists_with_the_same_unfilled_places_match() -> None:
    short = list_outputs("a__", [0.9, PADDING_SCORE, PADDING_SCORE])

    assert compare_lists(short, short).is_equal
    assert not compare_lists(short, list_outputs("ab_", [0.9, 0.1, PADDING_SCORE])).is_equal


def test_lists_of_different_length_are_compared_over_the_shorter_length() -> None:
    longer = list_outputs("abcd", [0.9, 0.5, 0.5 - SMALL, 0.1])

    for served, trained in ((longer, TRAINED), (TRAINED, longer)):
        compared = compare_lists(served, trained)
        assert (compared.rows, compared.equal_lists, compared.max_difference) == (1, 1.0, 0.0)


def test_outputs_are_compared_as_lists_or_as_embeddings() -> None:
    two = {name: np.concatenate([TRAINED[name]] * 2) for name in TRAINED}
    other = {**two, "item_id": np.array([[b"a", b"b", b"c"], [b"b", b"a", b"c"]], object)}

    lists = compare_outputs(other, two)
    assert (lists.rows, lists.equal_lists, lists.max_difference) == (2, 1 / 2, 0.0)
    assert not lists.is_equal

    embedding = {"embedding": np.ones((3, 2), np.float32)}
    embeddings = compare_outputs({"embedding": np.full((3, 2), 1.5, np.float32)}, embedding)
    assert (embeddings.rows, embeddings.equal_lists) == (3, None)
    assert embeddings.max_difference == pytest.approx(0.5)
    assert compare_outputs(embedding, embedding).is_equal
