"""Requests for recommendations, in which everything else is missing."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.client.recommend_inputs import Request, recommend_inputs
from pipeline.serving.client.signature import DataType, Signature, TensorInfo, as_arrays
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.serving_specs import recommend_specs
from schemas.settings import DataSettings, from_dict

SETTINGS = {
    "interactions": {
        "path": "x.csv",
        "format": "csv",
        "fields": {"user_id": "u", "item_id": "i", "timestamp": "t"},
        "context": {"device": "category", "spent": "number"},
    },
    "items": {
        "path": "i.csv",
        "format": "csv",
        "fields": {"item_id": "i"},
        "features": {"genre": "category", "price": "number", "added": "timestamp"},
    },
    "users": {
        "path": "u.csv",
        "format": "csv",
        "fields": {"user_id": "u"},
        "features": {"country": "category"},
    },
}


def shop_signature() -> Signature:
    """The signature `recommend` of a model with features of each source."""
    table = feature_table(from_dict(DataSettings, _long_form(SETTINGS)))
    infos = {
        name: TensorInfo(DataType(spec.dtype.as_datatype_enum), tuple(spec.shape.as_list()))
        for name, spec in recommend_specs(table).items()
    }
    return Signature(infos, {})


def _long_form(values: dict[str, Any]) -> dict[str, Any]:
    return {
        section: {
            key: {name: {"kind": kind} for name, kind in value.items()}
            if key in ("features", "context")
            else value
            for key, value in settings.items()
        }
        for section, settings in values.items()
    }


SHOP = shop_signature()
NAN = float("nan")


def inputs(**given: Any) -> dict[str, Any]:
    """The inputs of a request as lists, after all checks."""
    arrays = as_arrays(recommend_inputs(Request(**given), SHOP), SHOP)
    return {name: array.tolist() for name, array in arrays.items()}


def test_everything_may_be_missing() -> None:
    np.testing.assert_equal(
        inputs(),
        {
            "user_id": [b""],
            "history_item_id": [[b""]],
            "request_timestamp": [-1],
            "history_timestamp": [[-1]],
            "history_event_type": [[b""]],
            "history_value": [[NAN]],
            "history_device": [[b""]],
            "history_spent": [[NAN]],
            "device": [b""],
            "spent": [NAN],
            "country": [b""],
            "exclude_item_id": [[b""]],
            "restrict_item_id": [[b""]],
            "filter_genre": [[b""]],
            "filter_price_min": [NAN],
            "filter_price_max": [NAN],
            "boost_price": [NAN],
            "filter_added_min": [-1],
            "filter_added_max": [-1],
            "boost_added": [NAN],
            "k": [-1],
        },
    )


def test_everything_may_be_given() -> None:
    found = inputs(
        user_id="u",
        history=["a", {"item_id": "b", "timestamp": 5, "value": 2, "device": "tv"}],
        k=7,
        exclude=["c", "d"],
        restrict=["e"],
        filters={"genre": ["x", "y"]},
        bounds={"price": (None, 20), "added": (100, 200)},
        boosts={"price": -0.5},
        features={"country": "de", "spent": 1.5},
        timestamp=9,
    )
    np.testing.assert_equal(
        found,
        {
            "user_id": [b"u"],
            "history_item_id": [[b"a", b"b"]],
            "request_timestamp": [9],
            "history_timestamp": [[-1, 5]],
            "history_event_type": [[b"", b""]],
            "history_value": [[NAN, 2.0]],
            "history_device": [[b"", b"tv"]],
            "history_spent": [[NAN, NAN]],
            "device": [b""],
            "spent": [1.5],
            "country": [b"de"],
            "exclude_item_id": [[b"c", b"d"]],
            "restrict_item_id": [[b"e"]],
            "filter_genre": [[b"x", b"y"]],
            "filter_price_min": [NAN],
            "filter_price_max": [20.0],
            "boost_price": [-0.5],
            "filter_added_min": [100],
            "filter_added_max": [200],
            "boost_added": [NAN],
            "k": [7],
        },
    )


@given(st.lists(st.one_of(st.text(), st.builds(lambda i: {"item_id": i}, st.text()))))
def test_the_columns_of_a_history_have_one_length(history: list[Any]) -> None:
    arrays = as_arrays(recommend_inputs(Request(history=history), SHOP), SHOP)
    widths = {array.shape for name, array in arrays.items() if name.startswith("history_")}
    assert widths == {(1, max(1, len(history)))}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"features": {"town": "x"}}, "features: 'town' is no feature .* device, spent, country$"),
        ({"features": {"k": 3}}, "features: 'k' is no feature"),
        ({"features": {"history_value": [1]}}, "features: 'history_value' is no feature"),
        ({"filters": {"brand": ["x"]}}, "filter_brand: no input of this model; it has user_id,"),
        ({"features": {"boost_price": 1.0}}, "features: 'boost_price' is no feature"),
        ({"bounds": {"genre": (1, 2)}}, "filter_genre_min, filter_genre_max: no input"),
        ({"restrict": []}, "restrict: contains no item id"),
        ({"history": ["a", {"item_id": "b", "town": 1}]}, "history: event 1: unknown: town; exp"),
        ({"history": [{"value": 1}]}, "history: event 0: no item_id; expected an item id, or a"),
        ({"k": 1.5}, "k: expected DT_INT32"),
    ],
)
def test_what_the_model_does_not_have_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        inputs(**given)


@pytest.mark.parametrize("name", ["boost_level", "filter_level_min", "filter_level_max"])
def test_a_feature_may_have_a_name_like_that_of_a_condition(name: str) -> None:
    number = TensorInfo(DataType.DT_FLOAT, (None,))
    signature = Signature({**SHOP.inputs, name: number}, {})
    assert recommend_inputs(Request(features={name: 3.0}), signature)[name] == [3.0]


def test_a_model_without_filters_refuses_them_but_needs_none() -> None:
    small = Signature({"user_id": SHOP.inputs["user_id"]}, {})
    assert recommend_inputs(Request("u"), small) == {"user_id": ["u"]}
    with pytest.raises(InputError, match="exclude_item_id: no input of this model; it has user_id"):
        recommend_inputs(Request("u", exclude=["a"]), small)
    with pytest.raises(InputError, match="expected one of: none"):
        recommend_inputs(Request("u", features={"x": 1}), small)
