"""Merging a curated schema into the schemas of the configuration."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_schema.build import (
    DEFAULT_CATEGORY_DRIFT,
    DEFAULT_NUMBER_DRIFT,
    DataSchemas,
    build_schemas,
    read_curated_schema,
)
from schemas import tfmd
from schemas.errors import InputError
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind

TABLE = FeatureTable(
    user=(Feature("city", FeatureKind.CATEGORY, "city"), Feature("age", FeatureKind.NUMBER, "age")),
    context=(Feature("device", FeatureKind.CATEGORY, "device"),),
    item=(
        Feature("city", FeatureKind.CATEGORY, "city"),
        Feature("genres", FeatureKind.CATEGORIES, "genres"),
        Feature("price", FeatureKind.NUMBER, "price"),
    ),
)


def build(curated: str) -> DataSchemas:
    return build_schemas(TABLE, text_format.Parse(curated, schema_pb2.Schema()))


def feature(schema: schema_pb2.Schema, name: str) -> schema_pb2.Feature:
    (named,) = (feature for feature in schema.feature if feature.name == name)
    return named


def test_without_a_curated_schema_the_configuration_defines_everything() -> None:
    built = build_schemas(TABLE, None)
    assert built.windows == tfmd.windows_schema(TABLE)
    assert built.catalogue == tfmd.catalogue_schema(TABLE)
    comparators = {f.name: f.drift_comparator for f in built.events.feature}
    for name in ("event_type", "city", "device"):
        assert comparators[name].infinity_norm.threshold == DEFAULT_CATEGORY_DRIFT
    for name in ("value", "age"):
        divergence = comparators[name].jensen_shannon_divergence
        assert divergence.threshold == DEFAULT_NUMBER_DRIFT
        assert divergence.source.type == schema_pb2.HistogramSelection.QUANTILES
    for name in ("user_id", "item_id", "timestamp"):
        assert not comparators[name].ListFields()
    for event_feature in built.events.feature:
        event_feature.ClearField("drift_comparator")
    assert built.events == tfmd.events_schema(TABLE)


def test_domains_and_limits_are_merged_into_events_and_catalogue_but_not_windows() -> None:
    built = build('feature { name: "city" string_domain { value: "Oslo" } }')
    for schema in (built.events, built.catalogue):
        assert list(feature(schema, "city").string_domain.value) == ["Oslo"]
    assert built.windows == tfmd.windows_schema(TABLE)


def test_a_curated_drift_limit_replaces_the_default() -> None:
    built = build(
        'feature { name: "device" drift_comparator { infinity_norm { threshold: 0.05 } } }'
        'feature { name: "age" drift_comparator { jensen_shannon_divergence { threshold: 0.2 } } }'
    )
    device, age = feature(built.events, "device"), feature(built.events, "age")
    assert device.drift_comparator.infinity_norm.threshold == 0.05
    assert age.drift_comparator.jensen_shannon_divergence.threshold == 0.2
    city = feature(built.events, "city")
    assert city.drift_comparator.infinity_norm.threshold == DEFAULT_CATEGORY_DRIFT


def test_a_shared_domain_is_copied_into_the_feature() -> None:
    built = build(
        'string_domain { name: "towns" value: "Oslo" value: "Rome" }'
        'feature { name: "city" domain: "towns" }'
    )
    assert list(feature(built.events, "city").string_domain.value) == ["Oslo", "Rome"]


def test_a_curated_schema_may_repeat_the_layout_and_limit_the_presence_of_a_list() -> None:
    built = build(
        'feature { name: "price" type: FLOAT shape { dim { size: 1 } }'
        "  presence { min_fraction: 1.0 min_count: 1 } float_domain { min: 0.0 } }"
        'feature { name: "genres" presence { min_fraction: 0.5 } }'
    )
    assert feature(built.catalogue, "price").float_domain.min == 0.0
    assert feature(built.catalogue, "genres").presence.min_fraction == 0.5


@pytest.mark.parametrize(
    ("curated", "message"),
    [
        ('feature { name: "pice" }', "'pice' is not a feature.*nearest: 'price'"),
        ('feature { name: "is_target" }', "'is_target' is not a feature"),
        ('feature { name: "price" type: BYTES }', "has type BYTES.*requires FLOAT"),
        ('feature { name: "genres" value_count { min: 2 max: 2 } }', "has value_count.*min: 2"),
        ('feature { name: "age" presence { min_fraction: 0.5 } }', "has presence"),
        ('feature { name: "city" domain: "towns" }', "domain 'towns'.*defines: none"),
        ('feature { name: "city" deprecated: true }', "sets `deprecated`"),
        (
            'tensor_representation_group { key: "" }',
            "`tensor_representation_group` is not supported",
        ),
    ],
)
def test_a_schema_that_cannot_be_merged_raises_an_input_error(curated: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(curated)


def test_a_missing_or_malformed_file_raises_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*absent\.pbtxt"):
        read_curated_schema(str(tmp_path / "absent.pbtxt"))
    broken = tmp_path / "broken.pbtxt"
    broken.write_text('feature { nam: "x" }')
    with pytest.raises(InputError, match=r"broken\.pbtxt is not .*1:11.*nam"):
        read_curated_schema(str(broken))
