"""The gate on anomalies, and the records that illustrate them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.config_schema.build import build_schemas
from components.data_gate.anomalies import anomalies_gate
from components.data_gate.record_search import RecordFinder, ValueMatcher, find_no_records
from components.gate import GateResult
from tests.components.data_gate.statistics import NAN, TABLE, Column, finder_in, statistics_of

CURATED = """
feature { name: "event_type" string_domain { value: "view" value: "buy" value: "" } }
feature { name: "value" float_domain { min: 0.0 max: 5.0 } }
"""
SCHEMA = build_schemas(TABLE, text_format.Parse(CURATED, schema_pb2.Schema())).events


def gate_of(
    anomalies: anomalies_pb2.Anomalies, find_records: RecordFinder = find_no_records
) -> GateResult:
    return anomalies_gate("g", anomalies, "events", SCHEMA, find_records)


def test_valid_events_with_missing_values_have_no_anomaly() -> None:
    statistics = statistics_of(event_type=["view", ""], value=[NAN, 4.5])
    gate = gate_of(tfdv.validate_statistics(statistics, SCHEMA))
    assert gate.passed
    assert gate.value == 0.0
    assert gate.reason == "the events conform to their schema"


def test_the_reason_lists_the_feature_and_both_descriptions_of_every_anomaly() -> None:
    statistics = statistics_of(event_type=["view", "steal"], value=[1.0, 50.0])
    gate = gate_of(tfdv.validate_statistics(statistics, SCHEMA))
    assert not gate.passed
    assert (gate.value, gate.threshold) == (2.0, 0.0)
    assert "event_type: Unexpected string values: Examples contain values missing" in gate.reason
    assert "steal" in gate.reason
    assert "value: " in gate.reason
    assert "50" in gate.reason
    assert "for example" not in gate.reason


def test_the_reason_contains_records_with_invalid_values() -> None:
    columns: dict[str, Column] = {
        "user_id": ["ann", "bob", "cy", "dan"],
        "event_type": ["view", "steal", "", "view"],
        "value": [1.0, 2.0, -0.5, NAN],
    }
    anomalies = tfdv.validate_statistics(statistics_of(**columns), SCHEMA)
    reason = gate_of(anomalies, finder_in(columns)).reason
    event_type, value = reason.split(" | value: ")
    assert "for example bob" in event_type
    assert "for example cy" in value
    assert not {"ann", "dan"} & set(reason.replace(";", " ").split())


@pytest.mark.parametrize(
    ("domain", "values", "outside"),
    [
        ("int_domain { min: 2 }", [1, 2, 3], [True, False, False]),
        ("int_domain { max: 2 }", [1, 2, 3], [False, False, True]),
        ("float_domain { min: 0.1 max: 0.3 }", [0.1, 0.2, 0.4, NAN], [False, False, True, False]),
        ('string_domain { value: "é" }', ["é", "e", ""], [False, True, True]),
    ],
)
def test_records_are_searched_for_values_outside_the_domain(
    domain: str, values: list[Any], outside: list[bool]
) -> None:
    schema = text_format.Parse(f'feature {{ name: "x" {domain} }}', schema_pb2.Schema())
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["x"].short_description = "Odd"
    texts = [v.encode() for v in values] if isinstance(values[0], str) else None
    dtype = np.int64 if isinstance(values[0], int) else np.float32
    column = np.array(texts, object) if texts else np.array(values, dtype)
    masks: dict[str, list[bool]] = {}

    def find(matchers: Mapping[str, ValueMatcher]) -> dict[str, list[str]]:
        masks.update({name: matches(column).tolist() for name, matches in matchers.items()})
        return {}

    anomalies_gate("g", anomalies, "events", schema, find)
    assert masks == {"x": outside}


def test_a_warning_is_listed_but_does_not_reject() -> None:
    anomalies = anomalies_pb2.Anomalies()
    info = anomalies.anomaly_info["price"]
    info.severity, info.short_description, info.description = info.WARNING, "Odd", "a bit odd"
    gate = gate_of(anomalies)
    assert gate.passed
    assert "warnings: price: Odd: a bit odd" in gate.reason


def test_missing_examples_are_rejected() -> None:
    assert not gate_of(anomalies_pb2.Anomalies(data_missing=True)).passed
