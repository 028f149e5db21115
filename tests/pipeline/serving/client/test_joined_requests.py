"""Several requests as the rows of one call."""

import math

import pytest

from pipeline.serving.client.joined_requests import joined_inputs
from pipeline.serving.client.recommend_inputs import Request, recommend_inputs
from pipeline.serving.client.signature import DataType, Signature, TensorInfo, as_arrays
from schemas.errors import InputError

SIGNATURE = Signature(
    {
        "user_id": TensorInfo(DataType.DT_STRING, (None,)),
        "history_item_id": TensorInfo(DataType.DT_STRING, (None, None)),
        "history_timestamp": TensorInfo(DataType.DT_INT64, (None, None)),
        "history_value": TensorInfo(DataType.DT_FLOAT, (None, None)),
        "exclude_item_id": TensorInfo(DataType.DT_STRING, (None, None)),
        "k": TensorInfo(DataType.DT_INT32, (None,)),
    },
    {},
)
REQUESTS = [
    Request(user_id="a", history=["i", {"item_id": "j", "timestamp": 3, "value": 0.5}], k=2),
    Request(exclude=["x", "y", "z"]),
]


def test_lists_are_padded_with_missing_values() -> None:
    joined = joined_inputs(REQUESTS, SIGNATURE)
    assert joined["user_id"] == ["a", ""]
    assert joined["history_item_id"] == [["i", "j"], ["", ""]]
    assert joined["history_timestamp"] == [[-1, 3], [-1, -1]]
    assert joined["history_value"][0][1] == 0.5
    assert all(math.isnan(value) for value in joined["history_value"][1])
    assert joined["exclude_item_id"] == [["", "", ""], ["x", "y", "z"]]
    assert joined["k"] == [2, -1]
    assert as_arrays(joined, SIGNATURE)["history_item_id"].shape == (2, 2)


def test_one_request_has_its_own_inputs() -> None:
    assert str(joined_inputs(REQUESTS[:1], SIGNATURE)) == str(
        recommend_inputs(REQUESTS[0], SIGNATURE)
    )


def test_an_unknown_column_is_an_error() -> None:
    with pytest.raises(InputError, match="history: event 0: unknown: device"):
        joined_inputs([Request(), Request(history=[{"item_id": "i", "device": "x"}])], SIGNATURE)
