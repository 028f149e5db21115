"""TFMD schemas of the example layouts, derived from the table of features.

StatisticsGen and ExampleValidator check `events` and `catalogue` against their schemas; Transform
parses `windows` and `catalogue` by theirs.

A feature has the name `Feature.key`.

Each schema has two environments. TRAINING has every feature. SERVING has the features of requests
to the served signatures (`schemas.serving` gives the names of times and histories in requests).
"""

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.features import (
    AVAILABLE_AT,
    EVENT_TYPE,
    IS_TARGET,
    ITEM_ID,
    TIMESTAMP,
    USER_ID,
    VALUE,
    Feature,
    FeatureTable,
)
from schemas.source_settings import FeatureKind

BYTES = schema_pb2.BYTES
INT = schema_pb2.INT
FLOAT = schema_pb2.FLOAT

TRAINING = "TRAINING"
SERVING = "SERVING"
ENVIRONMENTS = (TRAINING, SERVING)


def windows_schema(table: FeatureTable) -> schema_pb2.Schema:
    """Schema of windows: single values for the user, sequences of equal length for the events."""
    schema = schema_pb2.Schema()
    _single(schema, USER_ID, BYTES)
    for feature in table.user:
        _single(schema, feature.key, _dtype(feature))
    for name, dtype in (
        (ITEM_ID, BYTES),
        (TIMESTAMP, INT),
        (EVENT_TYPE, BYTES),
        (VALUE, FLOAT),
        (IS_TARGET, INT),
    ):
        _sequence(schema, name, dtype)
    for feature in table.context:
        _sequence(schema, feature.key, _dtype(feature))
    _not_in_serving(schema, IS_TARGET)
    return schema


def events_schema(table: FeatureTable) -> schema_pb2.Schema:
    """Schema of kept events, joined with the features of their users: for statistics and drift."""
    schema = schema_pb2.Schema()
    for name, dtype in (
        (USER_ID, BYTES),
        (ITEM_ID, BYTES),
        (TIMESTAMP, INT),
        (EVENT_TYPE, BYTES),
        (VALUE, FLOAT),
    ):
        _single(schema, name, dtype)
    for feature in (*table.user, *table.context):
        _single(schema, feature.key, _dtype(feature))
    _not_in_serving(schema, ITEM_ID, EVENT_TYPE, VALUE)
    return schema


def users_schema(table: FeatureTable) -> schema_pb2.Schema:
    """Schema of the users file, from which the served model completes requests."""
    schema = schema_pb2.Schema()
    _single(schema, USER_ID, BYTES)
    for feature in table.user:
        _single(schema, feature.key, _dtype(feature))
    return schema


def catalogue_schema(table: FeatureTable) -> schema_pb2.Schema:
    """Schema of items: `categories` features are sequences, all others single values."""
    schema = schema_pb2.Schema()
    _single(schema, ITEM_ID, BYTES)
    _single(schema, AVAILABLE_AT, INT)
    for feature in table.item:
        if feature.kind is FeatureKind.CATEGORIES:
            _sequence(schema, feature.key, BYTES, required=False)
        else:
            _single(schema, feature.key, _dtype(feature))
    _not_in_serving(schema, AVAILABLE_AT)
    return schema


def _dtype(feature: Feature) -> "schema_pb2.FeatureType.ValueType":
    if feature.is_timestamp:
        return INT
    return FLOAT if feature.is_number else BYTES


def _single(
    schema: schema_pb2.Schema, name: str, dtype: "schema_pb2.FeatureType.ValueType"
) -> None:
    feature = schema.feature.add(name=name, type=dtype)
    feature.presence.min_fraction = 1.0
    feature.presence.min_count = 1
    feature.shape.dim.add(size=1)


def _sequence(
    schema: schema_pb2.Schema,
    name: str,
    dtype: "schema_pb2.FeatureType.ValueType",
    required: bool = True,
) -> None:
    feature = schema.feature.add(name=name, type=dtype)
    if required:
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
    feature.value_count.min = 1 if required else 0


def _not_in_serving(schema: schema_pb2.Schema, *names: str) -> None:
    """Declares the environments, and the features that a request does not contain."""
    schema.default_environment[:] = ENVIRONMENTS
    for feature in schema.feature:
        if feature.name in names:
            feature.not_in_environment[:] = [SERVING]
