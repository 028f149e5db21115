"""Why batches are off: what TF Serving pads shorter lists with changes the recommendations."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from schemas import serving, serving_specs
from tests.serving.in_memory import call, signatures_of
from tests.serving.requests import recommend_request
from tests.serving.shop import Shop, make_shop

Array = npt.NDArray[Any]
Request = dict[str, Array]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(str(tmp_path_factory.mktemp("shop")), 40)


@pytest.fixture(scope="module")
def recommend(shop: Shop) -> Any:
    return signatures_of(shop)[serving.RECOMMEND]


def padded_by_tf_serving(values: Array, width: int) -> Array:
    """Pads the second dimension as AddPadding does, which has one value for a whole request.

    https://github.com/tensorflow/serving/blob/2.16.1/tensorflow_serving/batching/batching_util.cc
    """
    padding = ((0, 0), (0, width - values.shape[1]))
    return np.pad(values, padding, constant_values=values.ravel()[0])


def padded_by_client(values: Array, width: int) -> Array:
    """Pads the second dimension with missing values."""
    missing: Any = b"" if values.dtype == object else -1
    if values.dtype.kind == "f":
        missing = np.nan
    padding = ((0, 0), (0, width - values.shape[1]))
    return np.pad(values, padding, constant_values=missing)


def joined(requests: list[Request], pad: Any) -> Request:
    """Returns the batch of several requests, padded to the widest."""
    batch = {}
    for name, first in requests[0].items():
        values = [request[name] for request in requests]
        if first.ndim == 2:
            width = max(value.shape[1] for value in values)
            values = [pad(value, width) for value in values]
        batch[name] = np.concatenate(values)
    return batch


def items(recommend: Any, request: Request) -> list[list[bytes]]:
    rows: list[list[bytes]] = call(recommend, request)[serving.OUTPUT_ITEM_ID].tolist()
    return rows


@pytest.mark.parametrize("short", [["item1", "item2"], []], ids=["short", "empty"])
def test_missing_values_pad_a_list(shop: Shop, recommend: Any, short: list[str]) -> None:
    requests = [
        recommend_request(shop, [history], k=4, width=len(history))
        for history in (short, ["item3", "item4", "item5", "item6"])
    ]
    alone = [row for request in requests for row in items(recommend, request)]
    assert items(recommend, joined(requests, padded_by_client)) == alone


def test_tf_serving_pads_a_list_with_an_item(shop: Shop, recommend: Any) -> None:
    requests = [
        recommend_request(shop, [history], k=4, width=len(history))
        for history in (["item1", "item2"], ["item3", "item4", "item5", "item6"])
    ]
    batch = joined(requests, padded_by_tf_serving)
    assert batch["history_item_id"][0].tolist() == [b"item1", b"item2", b"item1", b"item1"]
    alone = [items(recommend, request)[0] for request in requests]
    found = items(recommend, batch)
    assert (found[0] == alone[0], found[1] == alone[1]) == (False, True)


def test_requests_that_can_always_be_joined_have_one_value_per_row() -> None:
    for specs in (serving_specs.examples_specs(), serving_specs.similar_specs()):
        assert [spec.shape.rank for spec in specs.values()] == [1]
