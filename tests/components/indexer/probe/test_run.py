"""The comparison of the answers of a model with those of exact search."""

from typing import Any

import numpy as np
import pytest

from components.indexer.model.sample_requests import to_examples
from components.indexer.probe.run import compare
from schemas import serving
from schemas.serving import PADDING_SCORE

Answer = dict[str, Any]


def answer(rows: list[list[str]]) -> Answer:
    """Returns rows of two items with falling scores."""
    ids = np.array([[item.encode() for item in row] for row in rows], object)
    scores = np.where(ids == b"", PADDING_SCORE, [3.0, 2.0]).astype(np.float32)
    return {"item_id": ids, "score": scores}


# u has an overlap of 1 in two rows, and v of 0.5 and 0 in two rows.
USERS = np.array([b"u", b"v", b"u", b"v"], object)
EXACT = answer([["a", "b"]] * 4)
FOUND = answer([["a", "b"], ["a", "x"], ["a", "b"], ["x", "y"]])
FOUND["score"][1, 1] = 1.0
FOUND["score"][3] = [1.0, 0.5]


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        (serving.RECOMMEND, {"user_id": USERS}),
        (serving.DEFAULT, {"user_id": USERS}),
        (serving.RECOMMEND_EXAMPLES, {"examples": to_examples({"user_id": USERS})}),
        (serving.SIMILAR_ITEMS, {"item_id": USERS}),
    ],
)
def test_overlap_is_a_mean_over_users(signature: str, inputs: Any) -> None:
    summary, _ = compare([(signature, inputs)], [FOUND], [EXACT])
    by_user = np.array([1.0, 0.25])
    assert summary[signature]["overlap"] == pytest.approx(by_user.mean())
    error = by_user.std(ddof=1) / np.sqrt(2)
    assert summary[signature]["overlap_error"] == pytest.approx(error)


LISTED = {"user_id": USERS, "restrict_item_id": np.array([[b"a", b"b"]] * 4, object)}


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        (serving.RECOMMEND, LISTED),
        (serving.RECOMMEND_EXAMPLES, {"examples": to_examples(LISTED)}),
    ],
)
def test_requests_with_conditions_must_be_answered_exactly(signature: str, inputs: Any) -> None:
    other = (serving.RECOMMEND, {"user_id": USERS})
    requests = [(signature, inputs), other]
    fault = f"{signature}: the answer to a request with conditions is not that of exact search"
    for found, faults in ((EXACT, []), (FOUND, [fault])):
        summary, seen = compare(requests, [found, EXACT], [EXACT, EXACT])
        assert [text for text in seen if "conditions" in text] == faults
        assert summary[serving.RECOMMEND]["overlap"] == 1.0


def test_rows_without_any_exact_item_do_not_count() -> None:
    requests = [(serving.DEFAULT, {"user_id": USERS[:2]})]
    empty = answer([["", ""]] * 2)
    summary, _ = compare(requests, [empty], [empty])
    assert summary[serving.DEFAULT] == {"calls": 1, "overlap": None, "overlap_error": None}
    exact = answer([["a", "b"], ["", ""]])
    summary, _ = compare(requests, [exact], [exact])
    assert summary[serving.DEFAULT] == {"calls": 1, "overlap": 1.0, "overlap_error": None}
