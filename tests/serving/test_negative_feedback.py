"""Items with negative feedback are never recommended, whatever else a request contains."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.indexer.model.sample_requests import to_examples
from schemas import serving
from schemas.target_settings import NegativeSettings, TargetsSettings
from tests.serving import oracle
from tests.serving.in_memory import call, signatures_of
from tests.serving.requests import padded, recommend_request
from tests.serving.shop import Shop, make_shop

NUM_ITEMS, K, MAX_K = 9, 4, 8
NAN = float("nan")
ROLE = NegativeSettings(event_types=("rate", "return"), max_value=2.0)
ITEM_IDS = st.sampled_from([f"item{row}" for row in range(5)] + ["gone"])
EVENTS = st.lists(
    st.tuples(ITEM_IDS, st.sampled_from(["rate", "view", ""]), st.sampled_from([1.0, 3.0, NAN])),
    max_size=8,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = make_shop(str(tmp_path_factory.mktemp("shop")), NUM_ITEMS, repeat="allow")
    return replace(made, data=replace(made.data, targets=TargetsSettings(negative=ROLE)))


@pytest.fixture(scope="module")
def signatures(shop: Shop) -> dict[str, Any]:
    return signatures_of(shop, K, MAX_K)


def request_of(shop: Shop, rows: list[list[tuple[str, str, float]]]) -> dict[str, npt.NDArray[Any]]:
    width = max(1, *(len(row) for row in rows))
    request = recommend_request(shop, [[item for item, _, _ in row] for row in rows], width=width)
    request[serving.HISTORY_EVENT_TYPE] = padded(
        [[kind for _, kind, _ in row] for row in rows], width
    )
    for number, row in enumerate(rows):
        request[serving.HISTORY_VALUE][number, : len(row)] = [value for _, _, value in row]
    return request


def disliked(row: list[tuple[str, str, float]]) -> list[bytes]:
    last = {item: (kind, value) for item, kind, value in row}
    return [item.encode() for item, (kind, value) in last.items() if kind == "rate" and value <= 2]


@given(st.lists(EVENTS, min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_the_last_event_of_an_item_decides(
    shop: Shop, signatures: dict[str, Any], rows: list[list[tuple[str, str, float]]]
) -> None:
    request = request_of(shop, rows)
    for inputs, name in (
        (request, serving.RECOMMEND),
        ({serving.EXAMPLES: to_examples(request)}, serving.RECOMMEND_EXAMPLES),
    ):
        answer = call(signatures[name], inputs)
        for number, row in enumerate(rows):
            history = [item.encode() for item, _, _ in row]
            ids, scores = oracle.ranking(
                shop,
                oracle.query(shop, b"user0", history),
                disliked(row),
                MAX_K,
                np.ones(NUM_ITEMS, bool),
            )
            found = [item for item in answer[serving.OUTPUT_ITEM_ID][number] if item]
            assert not set(found) & set(disliked(row))
            assert len(found) == len(ids)
            np.testing.assert_allclose(
                answer[serving.OUTPUT_SCORE][number, : len(found)], scores, rtol=1e-4, atol=1e-4
            )


def test_a_request_with_ids_only_has_no_negative_feedback(
    shop: Shop, signatures: dict[str, Any]
) -> None:
    history = np.array([[b"item0", b"item1"]], object)
    inputs = {serving.HISTORY_ITEM_ID: history, "user_id": np.array([b"user0"], object)}
    answer = call(signatures[serving.DEFAULT], inputs)
    ids, _ = oracle.ranking(
        shop, oracle.query(shop, b"user0", list(history[0])), [], K, np.ones(NUM_ITEMS, bool)
    )
    assert answer[serving.OUTPUT_ITEM_ID][0].tolist() == ids
