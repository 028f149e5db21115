"""Environments: features that are missing from requests are anomalies in training only."""

from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.components.example_validator.executor import Executor as ExampleValidatorExecutor

from components.config_schema.build import DataSchemas, build_schemas
from schemas import serving, serving_specs, tfmd
from schemas.errors import InputError
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind

TABLE = FeatureTable(
    user=(Feature("city", FeatureKind.CATEGORY, "city"),),
    context=(Feature("dwell_s", FeatureKind.NUMBER, "dwell_s"),),
    item=(
        Feature("genres", FeatureKind.CATEGORIES, "genres"),
        Feature("price", FeatureKind.NUMBER, "price"),
    ),
)
VALUES = {schema_pb2.BYTES: [b"x"], schema_pb2.INT: [1], schema_pb2.FLOAT: [1.0]}
TYPES = {
    schema_pb2.BYTES: pa.binary(),
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float32(),
}


def build(curated: str = "") -> DataSchemas:
    return build_schemas(TABLE, text_format.Parse(curated, schema_pb2.Schema()))


def statistics_without(
    schema: schema_pb2.Schema, *missing: str
) -> statistics_pb2.DatasetFeatureStatisticsList:
    """Returns the statistics of two examples without the features `missing`."""
    features = [feature for feature in schema.feature if feature.name not in missing]
    columns = [pa.array([VALUES[f.type]] * 2, pa.list_(TYPES[f.type])) for f in features]
    batch = pa.RecordBatch.from_arrays(columns, [feature.name for feature in features])
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())


def anomalous_features(
    schema: schema_pb2.Schema, environment: str | None, *missing: str
) -> set[str]:
    """Returns the names of the features with anomalies if the features `missing` are missing."""
    anomalies = tfdv.validate_statistics(
        statistics_without(schema, *missing), schema, environment=environment
    )
    return set(anomalies.anomaly_info)


LABELS = {
    "windows": {"is_target"},
    "events": {"item_id", "event_type", "value"},
    "catalogue": {"available_at"},
}


@pytest.mark.parametrize("layout", LABELS)
def test_a_missing_label_is_an_anomaly_in_training_only(layout: str) -> None:
    schema, labels = getattr(build(), layout), LABELS[layout]
    assert anomalous_features(schema, tfmd.SERVING, *labels) == set()
    assert anomalous_features(schema, tfmd.TRAINING, *labels) == labels
    for name in {feature.name for feature in schema.feature} - labels - {"genres"}:
        assert anomalous_features(schema, tfmd.SERVING, *labels, name) == {name}


def test_example_validator_validates_as_in_training(tmp_path: Path) -> None:
    schema = build().events
    statistics = statistics_without(schema, "item_id")
    inputs = {"statistics": statistics, "schema": schema, "custom_validation_config": None}
    anomalies = ExampleValidatorExecutor()._Validate(inputs, {"schema_diff_path": str(tmp_path)})
    assert set(anomalies.anomaly_info) == {"item_id"}
    assert anomalous_features(schema, tfmd.TRAINING, "item_id") == {"item_id"}


def test_features_in_serving_are_the_inputs_of_the_signatures() -> None:
    built = build()

    def served(schema: schema_pb2.Schema) -> set[str]:
        return {f.name for f in schema.feature if tfmd.SERVING not in f.not_in_environment}

    query = set(serving_specs.query_specs(TABLE))
    assert served(built.events) - {"timestamp"} == {
        name for name in query if not name.startswith(serving.HISTORY_PREFIX)
    } - {serving.REQUEST_TIMESTAMP}
    assert served(built.windows) == {
        name.removeprefix(serving.HISTORY_PREFIX) for name in query - {serving.REQUEST_TIMESTAMP}
    }
    assert served(built.catalogue) == set(serving_specs.candidate_specs(TABLE))


def test_a_curated_schema_may_exclude_a_feature_from_serving_and_include_it_again() -> None:
    built = build(
        'default_environment: "SERVING" default_environment: "TRAINING"'
        'feature { name: "dwell_s" not_in_environment: "SERVING" }'
        'feature { name: "event_type" in_environment: "SERVING" in_environment: "TRAINING" }'
    )
    not_served = {"item_id", "value", "dwell_s"}
    assert anomalous_features(built.events, tfmd.SERVING, *not_served) == set()
    assert anomalous_features(built.events, tfmd.SERVING, *not_served, "event_type") == {
        "event_type"
    }
    assert anomalous_features(built.events, tfmd.TRAINING, "dwell_s") == {"dwell_s"}


@pytest.mark.parametrize(
    ("curated", "message"),
    [
        ('default_environment: "TRAINING"', "'SERVING' is missing from .*; list both"),
        (
            'default_environment: "TRAINING" default_environment: "serve"',
            "has the unknown environment 'serve'; did you mean 'SERVING'",
        ),
        ('feature { name: "price" not_in_environment: "TRAIN" }', "did you mean 'TRAINING'"),
        ('feature { name: "price" not_in_environment: "TRAINING" }', "contain every feature"),
        (
            'feature { name: "price" in_environment: "SERVING" not_in_environment: "SERVING" }',
            "remove one of the two",
        ),
    ],
)
def test_invalid_environments_raise_an_input_error(curated: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(curated)
