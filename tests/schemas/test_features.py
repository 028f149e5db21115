"""The table of features: the kinds that each section allows, and the TFMD type of each kind."""

from typing import Any

import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from schemas import serving_specs, tfmd
from schemas.features import FeatureTable, feature_table
from schemas.settings import DataSettings, from_dict
from schemas.source_settings import FeatureKind

SOURCE = {"path": "x.csv", "format": "csv"}
SINGLE = {FeatureKind.CATEGORY, FeatureKind.NUMBER}


def table(place: str, kind: FeatureKind) -> FeatureTable:
    """The table of one feature, `since`, at one place of the configuration."""
    feature = {"since": {"kind": kind.value}}
    fields = {"user_id": "u", "item_id": "i", "timestamp": "t"}
    values: dict[str, Any] = {
        "interactions": {**SOURCE, "fields": fields},
        "items": {**SOURCE, "fields": {"item_id": "i"}},
        "users": {**SOURCE, "fields": {"user_id": "u"}},
    }
    section, key = place.split(".")
    values[section][key] = feature
    return feature_table(from_dict(DataSettings, values))


@pytest.mark.parametrize("kind", FeatureKind)
def test_items_have_features_of_every_kind(kind: FeatureKind) -> None:
    (feature,) = table("items.features", kind).item
    assert feature.kind is kind


@pytest.mark.parametrize("place", ["users.features", "interactions.context"])
@pytest.mark.parametrize("kind", sorted(set(FeatureKind) - SINGLE))
def test_users_and_events_have_categories_and_numbers(place: str, kind: FeatureKind) -> None:
    message = rf"{place}\.since: kind '{kind.value}' is not allowed here"
    with pytest.raises(ValueError, match=message):
        table(place, kind)


def test_a_timestamp_is_one_integer() -> None:
    of_items = table("items.features", FeatureKind.TIMESTAMP)

    spec = serving_specs.candidate_specs(of_items)["since"]
    (column,) = (x for x in tfmd.catalogue_schema(of_items).feature if x.name == "since")

    assert spec == tf.TensorSpec([None], tf.int64, "since")
    assert serving_specs.missing_value(spec) == -1
    assert column.type == schema_pb2.INT
    assert [dim.size for dim in column.shape.dim] == [1]
    assert of_items.item_filters == ()
