"""The inferred schema is a valid curated schema, accepts its own data, and rejects other data."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.config_schema.build import DataSchemas, build_schemas, read_curated_schema
from components.config_schema.infer import MAX_DOMAIN_VALUES, infer_curated_schema
from schemas import tfmd
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind

TABLE = FeatureTable(
    user=(Feature("city", FeatureKind.CATEGORY, "city"),),
    context=(
        Feature("device", FeatureKind.CATEGORY, "device"),
        Feature("campaign", FeatureKind.CATEGORY, "campaign"),
        Feature("dwell_s", FeatureKind.NUMBER, "dwell_s"),
    ),
    item=(
        Feature("city", FeatureKind.CATEGORY, "city"),
        Feature("title", FeatureKind.TEXT, "title"),
        Feature("genres", FeatureKind.CATEGORIES, "genres"),
        Feature("price", FeatureKind.NUMBER, "price"),
    ),
)
NAN = float("nan")
MANY = MAX_DOMAIN_VALUES + 1
EVENTS: dict[str, list[Any]] = {
    "user_id": ["u"] * MANY,
    "item_id": ["i"] * MANY,
    "timestamp": list(range(1_700_000_000, 1_700_000_000 + MANY)),
    "event_type": [""] * MANY,
    "value": [NAN] * MANY,
    "city": ["Oslo"] * (MANY - 1) + ["Rome"],
    "device": ["tv", 'a "phone"\n', "é"] + [""] * (MANY - 3),
    "campaign": [f"c{n}" for n in range(MANY)],
    "dwell_s": [0.1] * (MANY - 2) + [9.5, NAN],
}
ITEMS: dict[str, list[Any]] = {
    "item_id": ["a", "b", "c", "d"],
    "available_at": [-1, 1_600_000_000, -1, -1],
    "city": ["Oslo", "Bern", "Oslo", ""],
    "title": ["x"] * 4,
    "genres": [["g", "h"], ["h"], None, ["g"]],
    "price": [1.0, 2.0, 3.0, 4.0],
}
TYPES = {schema_pb2.BYTES: pa.binary(), schema_pb2.INT: pa.int64(), schema_pb2.FLOAT: pa.float32()}


def statistics_of(
    schema: schema_pb2.Schema, columns: dict[str, list[Any]]
) -> statistics_pb2.DatasetFeatureStatisticsList:
    types = {feature.name: pa.list_(TYPES[feature.type]) for feature in schema.feature}
    arrays = [
        pa.array([v if isinstance(v, list) or v is None else [v] for v in values], types[name])
        for name, values in columns.items()
    ]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return stats_impl.generate_statistics_in_memory(batch, tfdv.StatsOptions())


EVENT_STATISTICS = statistics_of(tfmd.events_schema(TABLE), EVENTS)
ITEM_STATISTICS = statistics_of(tfmd.catalogue_schema(TABLE), ITEMS)


@pytest.fixture(scope="module")
def text() -> str:
    return infer_curated_schema("shop", TABLE, EVENT_STATISTICS, ITEM_STATISTICS)


@pytest.fixture
def curated(text: str, tmp_path: Path) -> schema_pb2.Schema:
    path = tmp_path / "inferred.pbtxt"
    path.write_text(text, encoding="utf-8")
    return read_curated_schema(str(path))


@pytest.fixture
def built(curated: schema_pb2.Schema) -> DataSchemas:
    return build_schemas(TABLE, curated)


def feature(schema: schema_pb2.Schema, name: str) -> schema_pb2.Feature:
    (named,) = (feature for feature in schema.feature if feature.name == name)
    return named


def test_the_data_that_it_was_inferred_from_has_no_anomalies(built: DataSchemas) -> None:
    for statistics, schema in (
        (EVENT_STATISTICS, built.events),
        (ITEM_STATISTICS, built.catalogue),
    ):
        anomalies = tfdv.validate_statistics(statistics, schema)
        assert set(anomalies.anomaly_info) == set()


def test_other_values_are_anomalies(built: DataSchemas) -> None:
    other: dict[str, list[Any]] = EVENTS | {
        "device": ["fridge"] * MANY,
        "city": ["Paris"] * MANY,
        "dwell_s": [9.6] * MANY,
        "timestamp": [0] * MANY,
    }
    anomalies = tfdv.validate_statistics(statistics_of(built.events, other), built.events)
    assert set(anomalies.anomaly_info) == {"device", "city", "dwell_s", "timestamp"}


def test_only_categories_with_few_values_get_a_domain(curated: schema_pb2.Schema) -> None:
    domains = {
        f.name: list(f.string_domain.value) for f in curated.feature if f.string_domain.value
    }
    assert domains == {
        "city": ["Bern", "Oslo", "Rome", ""],  # of events and of items
        "device": ['a "phone"\n', "tv", "é", ""],
        "genres": ["g", "h"],
    }
    assert {f.name for f in curated.feature} == {
        *domains,
        "timestamp",
        "dwell_s",
        "campaign",
        "price",
    }


def test_numbers_get_a_range_lists_a_presence_and_times_a_minimum(
    curated: schema_pb2.Schema,
) -> None:
    dwell = feature(curated, "dwell_s").float_domain
    assert (dwell.min, dwell.max) == (pytest.approx(0.1), 9.5)
    assert feature(curated, "genres").presence.min_fraction == pytest.approx(
        0.7
    )  # present in 3 of 4
    times = feature(curated, "timestamp").int_domain
    assert times.min == 1_672_531_200  # 2023-01-01; 1,700,000,000 is in November 2023
    assert not times.HasField("max")


def test_drift_limits_are_the_defaults(curated: schema_pb2.Schema, built: DataSchemas) -> None:
    default = build_schemas(TABLE, None).events
    for name in ("city", "device", "campaign", "dwell_s"):
        limit = feature(default, name).drift_comparator
        assert limit.ListFields()
        assert feature(curated, name).drift_comparator == limit
        assert feature(built.events, name).drift_comparator == limit


def test_comments_summarise_the_values_and_explain_the_usage(text: str) -> None:
    assert f"# Inferred from shop: {MANY} events and 4 catalogue items.\n" in text
    assert "#   schema: FILE\n" in text
    assert f"# observed: {MANY} value(s), too many for a domain; most frequent: " in text
    assert "# observed: 2023-11-14 to 2023-11-14\n" in text
    assert "# observed: 0.1 to 9.5, median 0.1, missing 1.0%\n" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("kind", [FeatureKind.CATEGORIES, FeatureKind.NUMBER])
def test_a_name_with_two_kinds_is_left_out(kind: FeatureKind, tmp_path: Path) -> None:
    table = FeatureTable(user=TABLE.user, item=(Feature("city", kind, "city"),))
    events = {name: EVENTS[name] for name in (f.name for f in tfmd.events_schema(table).feature)}
    items = {key: ITEMS[key] for key in ("item_id", "available_at")}
    items["city"] = ITEMS["genres" if kind is FeatureKind.CATEGORIES else "price"]
    text = infer_curated_schema(
        "shop",
        table,
        statistics_of(tfmd.events_schema(table), events),
        statistics_of(tfmd.catalogue_schema(table), items),
    )
    (tmp_path / "inferred.pbtxt").write_text(text, encoding="utf-8")
    curated = read_curated_schema(str(tmp_path / "inferred.pbtxt"))
    assert [feature.name for feature in curated.feature] == ["timestamp"]
    build_schemas(table, curated)
