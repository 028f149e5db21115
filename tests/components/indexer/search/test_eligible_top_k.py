"""Exclusion and top-k selection against a pure Python oracle."""

from typing import Any

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.indexer.search.eligible_top_k import (
    eligible_scores,
    num_eligible,
    padded_top_k,
)
from schemas.serving import PADDING_SCORE

NUM_ITEMS = 8


@st.composite
def found_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Search results: distinct rows, best first, then padding with NaN scores and repeated rows."""
    batch = draw(st.integers(0, 3))
    width = draw(st.integers(0, NUM_ITEMS))
    rows = np.zeros((batch, width), np.int32)
    scores = np.full((batch, width), np.nan, np.float32)
    for b in range(batch):
        order = draw(st.permutations(range(NUM_ITEMS)))
        filled = draw(st.integers(0, width))
        rows[b] = (order[:filled] + order[:1] * width)[:width]
        values = draw(st.lists(st.integers(-3, 3), min_size=filled, max_size=filled))
        scores[b, :filled] = sorted(values, reverse=True)
    exclude_width = draw(st.integers(0, 4))
    excluded = st.lists(
        st.integers(-1, NUM_ITEMS - 1), min_size=exclude_width, max_size=exclude_width
    )
    exclude = np.array([draw(excluded) for _ in range(batch)], np.int32)
    exclude = exclude.reshape(batch, exclude_width)
    k = np.array([draw(st.integers(0, 10)) for _ in range(batch)], np.int32)
    return {"rows": rows, "scores": scores, "exclude": exclude, "k": k}


def _expected(case: dict[str, Any], row: int) -> list[tuple[int, float]]:
    pairs = zip(case["rows"][row], case["scores"][row], strict=True)
    kept = [
        (int(item), float(score))
        for item, score in pairs
        if np.isfinite(score) and item not in case["exclude"][row]
    ]
    return kept[: case["k"][row]]


@given(found_rows())
def test_best_eligible_items_are_kept_in_order_and_padded(case: dict[str, Any]) -> None:
    width = int(case["k"].max(initial=0))
    found = tf.constant(case["rows"])
    eligible = eligible_scores(found, tf.constant(case["scores"]), tf.constant(case["exclude"]))
    rows, scores = padded_top_k(found, eligible, tf.constant(case["k"]), tf.constant(width))

    assert rows.shape == scores.shape == (len(case["k"]), width)
    for row in range(len(case["k"])):
        expected = _expected(case, row)
        missing = width - len(expected)
        assert list(rows[row].numpy()) == [item for item, _ in expected] + [-1] * missing
        values = [score for _, score in expected] + [PADDING_SCORE] * missing
        np.testing.assert_array_equal(scores[row].numpy(), np.array(values, np.float32))


@given(found_rows())
def test_eligible_items_are_counted_once(case: dict[str, Any]) -> None:
    counted = num_eligible(NUM_ITEMS, tf.constant(case["exclude"]))
    assert list(counted.numpy()) == [NUM_ITEMS - len(set(row) - {-1}) for row in case["exclude"]]
