"""The parts of a score: exact for a linear model, and with a joint effect for others."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.explorer.answers import joint_share
from pipeline.explorer.explanation import explain
from pipeline.serving.client import Item, Request
from pipeline.serving.client.client import Client
from pipeline.serving.request_error import RequestError
from schemas.features import ITEM_ID


class ScoredClient(Client):
    """A client of a model that scores items by the request with a function."""

    def __init__(self, scores: Any):
        self._scores = scores
        self.calls: list[Sequence[Request]] = []

    def recommend_all(
        self, requests: Sequence[Request], *, timeout_s: float | None = None
    ) -> list[list[Item]]:
        self.calls.append(requests)
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> list[Item]:
        history = {event if isinstance(event, str) else event[ITEM_ID] for event in request.history}
        items = [
            Item(item, self._scores(request.user_id, history, item) + request.boosts.get("x", 0))
            for item in request.restrict or ()
            if item not in history
        ]
        return sorted(items, key=lambda item: -item.score)[: request.k]


def linear(user: str, history: set[str], item: str) -> float:
    weights = {"a": 2.0, "b": -0.5, "c": 0.25}
    return 1.0 + (0.75 if user else 0.0) + sum(weights[event] for event in history) * len(item)


def any_of(user: str, history: set[str], item: str) -> float:
    return 1.0 if history & {"a", "b"} else 0.0


def test_the_parts_of_a_linear_score_are_its_terms() -> None:
    request = Request(user_id="u", history=["a", "b", "a", {"item_id": "c"}], k=2)
    client = ScoredClient(linear)
    found = explain(client, request, "x", ["yy", "x"])

    assert len(client.calls) == 1
    assert found.score == 1.0 + 0.75 + 2.0 - 0.5 + 0.25
    assert found.start == 1.0
    assert found.user == 0.75
    # The newest first; the two events of an item are removed together.
    assert [(effect.item_id, effect.effect) for effect in found.items] == [
        ("c", 0.25),
        ("a", 2.0),
        ("b", -0.5),
    ]
    assert found.joint == 0.0
    assert found.weights == 0.0
    # Without a, the sum of the others is negative, so that the shorter id is the better one.
    assert found.rank == 2
    assert [effect.rank for effect in found.items] == [2, 1, 2]


def test_the_effect_of_interchangeable_items_is_joint() -> None:
    found = explain(ScoredClient(any_of), Request(history=["a", "b"], k=2), "x", ["x"])
    assert [effect.effect for effect in found.items] == [0.0, 0.0]
    assert found.joint == found.score == 1.0
    assert joint_share(found) == 1.0


def test_weights_are_a_part_of_their_own() -> None:
    request = Request(user_id="u", history=["a"], boosts={"x": 0.5})
    found = explain(ScoredClient(linear), request, "x", ["x"])
    assert found.weights == 0.5
    assert found.start == 1.0
    parts = [found.start, found.user, found.joint, found.weights]
    assert found.score == sum(parts) + sum(effect.effect for effect in found.items)


def test_conditions_do_not_change_the_explanation() -> None:
    client = ScoredClient(linear)
    request = Request(history=["a"], k=1, exclude=["x"], filters={"f": ["v"]}, bounds={"x": (1, 2)})
    found = explain(client, request, "x", ["x", "y"])
    assert found.score == 3.0
    for row in client.calls[0]:
        assert (row.exclude, row.filters, row.bounds) == ((), {}, {})
        assert row.restrict == ["x", "y"]
        assert row.k == 2


def test_without_a_history_and_a_user_all_is_the_start() -> None:
    found = explain(ScoredClient(linear), Request(), "x", [])
    assert (found.score, found.start, found.user, found.items, found.joint) == (1, 1, 0, [], 0)
    assert joint_share(found) == 0.0


def test_an_item_that_is_not_returned_is_an_error() -> None:
    with pytest.raises(RequestError, match="a: this version does not recommend the item"):
        explain(ScoredClient(linear), Request(history=["a"]), "a", ["x"])
