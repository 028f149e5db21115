"""Each gate on data, at its limit and on either side."""

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.config_schema.build import build_schemas
from components.data_gate.gate import anomalies_gate, drift_gate, reject_gate
from tests.components.data_gate.statistics import NAN, TABLE, statistics_of

CURATED = """
feature { name: "event_type" string_domain { value: "view" value: "buy" value: "" } }
feature {
  name: "value"
  float_domain { min: 0.0 max: 5.0 }
  drift_comparator { jensen_shannon_divergence { threshold: 0.2 } }
}
feature { name: "device" drift_comparator { infinity_norm { threshold: 0.25 } } }
"""
SCHEMA = build_schemas(TABLE, text_format.Parse(CURATED, schema_pb2.Schema())).events


@pytest.mark.parametrize(("dirt", "passed"), [(0, True), (10, True), (11, False)])
def test_rejects_are_refused_above_the_limit(dirt: int, passed: bool) -> None:
    gate = reject_gate("g", 100, {"unparseable": dirt}, 10 / 100, "interactions")
    assert (gate.passed, gate.value, gate.threshold) == (passed, dirt / 100, 10 / 100)
    assert ("raise interactions.max_reject_fraction" in gate.reason) == (not passed)


def test_only_dirt_counts_and_the_commonest_reason_comes_first() -> None:
    rejects = {"duplicate": 3, "bad_value": 4, "too_few_user_events": 90, "unknown_item": 0}
    gate = reject_gate("g", 100, rejects, 0.1, "interactions")
    assert gate.value == (3 + 4) / 100
    assert "7 of 100 records are unfit (bad_value 4, duplicate 3): 7.00%" in gate.reason


def test_nothing_read_is_nothing_refused() -> None:
    assert reject_gate("g", 0, {}, 0.1, "items").value == 0.0


def test_an_unknown_reason_is_a_fault() -> None:
    with pytest.raises(ValueError, match="bad_luck"):
        reject_gate("g", 1, {"bad_luck": 1}, 0.1, "items")


def test_fit_events_with_missing_values_have_no_anomaly() -> None:
    statistics = statistics_of(event_type=["view", ""], value=[NAN, 4.5])
    gate = anomalies_gate("g", tfdv.validate_statistics(statistics, SCHEMA), "events")
    assert gate.passed
    assert gate.value == 0.0
    assert gate.reason == "the events agree with their schema"


def test_every_anomaly_is_told_with_its_feature_and_both_descriptions() -> None:
    statistics = statistics_of(event_type=["view", "steal"], value=[1.0, 50.0])
    gate = anomalies_gate("g", tfdv.validate_statistics(statistics, SCHEMA), "events")
    assert not gate.passed
    assert (gate.value, gate.threshold) == (2.0, 0.0)
    assert "event_type: Unexpected string values: Examples contain values missing" in gate.reason
    assert "steal" in gate.reason
    assert "value: " in gate.reason
    assert "50" in gate.reason


def test_a_warning_is_told_but_refuses_nothing() -> None:
    anomalies = anomalies_pb2.Anomalies()
    info = anomalies.anomaly_info["price"]
    info.severity, info.short_description, info.description = info.WARNING, "Odd", "a bit odd"
    gate = anomalies_gate("g", anomalies, "events")
    assert gate.passed
    assert "warnings: price: Odd: a bit odd" in gate.reason


def test_no_example_at_all_is_refused() -> None:
    gate = anomalies_gate("g", anomalies_pb2.Anomalies(data_missing=True), "events")
    assert not gate.passed


def test_without_a_reference_there_is_no_drift() -> None:
    gate = drift_gate(statistics_of(device=["tv"]), SCHEMA, None)
    assert (gate.passed, gate.value, gate.threshold) == (True, None, None)
    assert gate.reason.startswith("first run: nothing serves yet, no reference")


def test_drift_of_a_category_is_the_largest_change_of_a_share() -> None:
    reference = statistics_of(device=["tv"] * 5 + ["phone"] * 5)
    near = drift_gate(statistics_of(device=["tv"] * 7 + ["phone"] * 3), _without_value(), reference)
    assert near.passed
    assert near.value == pytest.approx(0.7 - 0.5)
    far = drift_gate(statistics_of(device=["tv"] * 8 + ["web"] * 2), _without_value(), reference)
    assert not far.passed
    assert far.value == pytest.approx(0.5)  # "phone" fell from a half to nothing
    assert far.threshold == 0.25
    assert "device by 0.500 (limit 0.25)" in far.reason


def test_drift_of_a_number_is_its_jensen_shannon_divergence() -> None:
    low, high = [float(i % 10) / 10 for i in range(50)], [4 + float(i % 10) / 10 for i in range(50)]
    assert drift_gate(statistics_of(value=low), SCHEMA, statistics_of(value=low)).passed
    gate = drift_gate(statistics_of(value=high), SCHEMA, statistics_of(value=low))
    assert not gate.passed
    assert gate.value == pytest.approx(1.0)  # nothing in common
    assert "value by 1.000 (limit 0.2)" in gate.reason


def test_anomalies_are_not_drift_and_a_feature_new_since_the_reference_is_named() -> None:
    reference = statistics_of(event_type=["view"])
    features = reference.datasets[0].features
    (position,) = (i for i, f in enumerate(features) if f.path.step[0] == "device")
    del features[position]
    statistics = statistics_of(event_type=["view"], value=[NAN])
    gate = drift_gate(statistics, _without_value(), reference)
    assert gate.passed
    assert "not in the reference: device" in gate.reason


def _without_value() -> schema_pb2.Schema:
    """The schema without a limit on `value`, which is missing throughout."""
    schema = schema_pb2.Schema()
    schema.CopyFrom(SCHEMA)
    for feature in schema.feature:
        if feature.name == "value":
            feature.ClearField("drift_comparator")
    return schema
