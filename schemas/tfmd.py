"""TFMD schemas of the example layouts, derived from the table of features.

StatisticsGen and ExampleValidator check `events` and `catalogue` against theirs; Transform parses
`windows` and `catalogue` by theirs.

Each has two environments. In TRAINING every feature is there; in SERVING there is what requests to
the served signatures hold (`schemas.serving`, where times and histories have names of their own).
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
    """One row a window: user fields are single values, event fields sequences of equal length."""
    schema = schema_pb2.Schema()
    _single(schema, USER_ID, BYTES)
    for feature in table.user:
        _single(schema, feature.name, _dtype(feature))
    for name, dtype in (
        (ITEM_ID, BYTES),
        (TIMESTAMP, INT),
        (EVENT_TYPE, BYTES),
        (VALUE, FLOAT),
        (IS_TARGET, INT),
    ):
        _sequence(schema, name, dtype)
    for feature in table.context:
        _sequence(schema, feature.name, _dtype(feature))
    _not_in_serving(schema, IS_TARGET)
    return schema


def events_schema(table: FeatureTable) -> schema_pb2.Schema:
    """One row a kept event, its user's features joined: for statistics and drift."""
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
        _single(schema, feature.name, _dtype(feature))
    _not_in_serving(schema, ITEM_ID, EVENT_TYPE, VALUE)
    return schema


def users_schema(table: FeatureTable) -> schema_pb2.Schema:
    """One row a user of the users file: the table that the served model fills requests from."""
    schema = schema_pb2.Schema()
    _single(schema, USER_ID, BYTES)
    for feature in table.user:
        _single(schema, feature.name, _dtype(feature))
    return schema


def catalogue_schema(table: FeatureTable) -> schema_pb2.Schema:
    """One row an item: `categories` features are sequences, every other one a single value."""
    schema = schema_pb2.Schema()
    _single(schema, ITEM_ID, BYTES)
    _single(schema, AVAILABLE_AT, INT)
    for feature in table.item:
        if feature.kind is FeatureKind.CATEGORIES:
            _sequence(schema, feature.name, BYTES, required=False)
        else:
            _single(schema, feature.name, _dtype(feature))
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
    """Declares the environments, and which features no request holds."""
    schema.default_environment[:] = ENVIRONMENTS
    for feature in schema.feature:
        if feature.name in names:
            feature.not_in_environment[:] = [SERVING]
