"""The records of the traffic log."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.id_normalisation import IdNormaliser
from components.user_hash import hashed_user_id, is_sampled, key_fingerprint
from pipeline.serving.traffic_record import AnsweredRequest, RecordSettings, records
from schemas import serving, traffic
from schemas.id_settings import IdNormalisation, IdsSettings
from tests.pipeline.serving.small_model import texts

KEY = b"0123456789abcdef"
AS_SENT = IdNormaliser()
LOWER_CASE = IdNormaliser(IdsSettings(normalise=(IdNormalisation.CASE,)))


def request(
    users: list[str],
    histories: list[list[str]],
    k: list[int] | None = None,
    items: Any = None,
    signature: str = serving.RECOMMEND,
) -> AnsweredRequest:
    """Returns a request whose answer has three items per row, or `items` padded with ""."""
    inputs = {"user_id": texts(users), "history_item_id": texts(histories)}
    if k is not None:
        inputs["k"] = np.array(k, np.int32)
    ids = texts(items or [["a", "b", "c"]] * len(users))
    scores = np.where(ids == b"", serving.PADDING_SCORE, np.float32(0.1)).astype(np.float32)
    outputs = {"item_id": ids, "score": scores}
    return AnsweredRequest("shop", 7, "shop/7", "canary", signature, 1_700, inputs, outputs)


def logged(
    answered: AnsweredRequest,
    settings: RecordSettings = RecordSettings(),  # noqa: B008
    normalise: IdNormaliser = AS_SENT,
) -> list[dict[str, Any]]:
    return [json.loads(line) for line in records(answered, settings, normalise)]


def documented_keys() -> list[str]:
    """Returns the keys of records in the order of the table in the documentation."""
    page = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()
    table = page.split("| key | |\n|---|---|\n")[1].split("\n\n")[0]
    return [
        key for row in table.splitlines() for key in re.findall("`([a-z_]+)`", row.split("|")[1])
    ]


def test_a_record_has_all_fields_and_no_padding() -> None:
    answered = request(
        ["u1", ""], [["i1", "", "i2"], ["", "", ""]], [2, -1], [["a", "b", ""], ["c", "", ""]]
    )

    first, second = logged(answered)

    assert list(first) == documented_keys()
    request_id = first.pop("request_id")
    assert first == {
        "row": 0,
        "timestamp_ms": 1_700,
        "model": "shop",
        "version": 7,
        "label": "canary",
        "signature": "recommend",
        "user_id": "u1",
        "user_key": "",
        "sample": 1.0,
        "history_length": 2,
        "history_item_ids": ["i1", "i2"],
        "k": 2,
        "item_ids": ["a", "b"],
        "scores": [0.1, 0.1],
        "event_type": "recommended",
    }
    assert second["request_id"] == request_id
    # The default k is not known, because another row of the request has a k.
    assert (second["row"], second["user_id"], second["k"]) == (1, "", 1)
    assert (second["history_length"], second["item_ids"], second["scores"]) == (0, ["c"], [0.1])


def test_the_default_k_is_the_width_of_the_answer() -> None:
    answered = request(["u1", "u2"], [["i1"], ["i2"]], [-1, -1], [["a", "b", ""], ["c", "", ""]])
    assert [record["k"] for record in logged(answered)] == [3, 3]


def test_a_long_history_is_logged_by_its_length_and_newest_ids() -> None:
    history = [f"i{number}" for number in range(traffic.MAX_HISTORY_IDS + 5)]

    (record,) = logged(request(["u1"], [history]))

    assert record["history_length"] == len(history)
    assert record["history_item_ids"] == history[5:]


def test_ids_are_normalised_before_they_are_hashed() -> None:
    (record,) = logged(request(["U1"], [["I1"]]), RecordSettings(key=KEY), LOWER_CASE)

    assert record["user_id"] == hashed_user_id("u1", KEY)
    assert record["user_key"] == key_fingerprint(KEY)
    assert record["history_item_ids"] == ["i1"]


def test_a_row_without_a_user_has_no_hash() -> None:
    (record,) = logged(request([""], [["i1"]]), RecordSettings(key=KEY))

    assert record["user_id"] == ""


def test_serialised_examples_are_logged_like_dense_rows() -> None:
    examples = [tf.train.Example(), tf.train.Example()]
    feature = examples[0].features.feature
    feature["user_id"].bytes_list.value.append(b"u1")
    feature["history_item_id"].bytes_list.value.extend([b"i1", b"i2"])
    feature["k"].int64_list.value.append(2)
    dense = request(["u1", ""], [["i1", "i2"], ["", ""]], [2, -1])
    serialised = request(["", ""], [[""], [""]], signature=serving.RECOMMEND_EXAMPLES)
    serialised.inputs.clear()
    serialised.inputs["examples"] = texts([each.SerializeToString() for each in examples])

    for one, other in zip(logged(dense), logged(serialised), strict=True):
        assert other.pop("signature") == "recommend_examples"
        assert {**one, "request_id": ""} == {**other, "request_id": "", "signature": "recommend"}


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=8), st.floats(0.01, 1.0))
def test_a_user_is_sampled_as_a_whole(users: list[str], share: float) -> None:
    found = logged(request(users, [["i1"]] * len(users)), RecordSettings(share, KEY))

    expected = [user for user in users if is_sampled(user, share, KEY)]
    assert [record["user_id"] for record in found] == [hashed_user_id(u, KEY) for u in expected]
    assert {record["sample"] for record in found} <= {share}


def test_rows_without_a_user_are_sampled_by_themselves() -> None:
    number = 400
    found = logged(request([""] * number, [["i1"]] * number), RecordSettings(0.5))

    assert 120 < len(found) < 280


@pytest.mark.parametrize("item", ['"quoted"\n', "\u2028", "ü", "\U0001f600", "a,b"])
def test_any_id_is_one_line(item: str) -> None:
    (line,) = records(request([item], [[item]], items=[[item]]), RecordSettings(), AS_SENT)

    assert line.count(b"\n") == 1
    record = json.loads(line)
    assert record["user_id"] == record["item_ids"][0] == record["history_item_ids"][0] == item


def test_the_logged_signatures_are_those_of_the_contract() -> None:
    assert list(traffic.SIGNATURES) == [
        serving.DEFAULT,
        serving.RECOMMEND,
        serving.RECOMMEND_EXAMPLES,
    ]
    assert set(traffic.SIGNATURES.values()) == {serving.DEFAULT, serving.RECOMMEND}
