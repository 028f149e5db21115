"""The gate on anomalies: rejects data that does not conform to its schema."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.data_gate.record_search import RecordFinder, ValueMatcher, format_records
from components.gate import GateResult

EVENTS_ANOMALIES = "data.events_anomalies"
CATALOGUE_ANOMALIES = "data.catalogue_anomalies"


def anomalies_gate(
    name: str,
    anomalies: anomalies_pb2.Anomalies,
    examples: str,
    schema: schema_pb2.Schema,
    find_records: RecordFinder,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> GateResult:
    """Rejects data that does not conform to its schema.

    Args:
      name: The gate's name.
      anomalies: The anomalies that ExampleValidator found.
      examples: What the examples are (plural noun), for the reason.
      schema: The schema that the data was validated against.
      find_records: Finds records with a value outside its domain.
      labels: The label of each feature of the configuration, by key.

    Returns:
      The result; its value is the number of errors. Warnings are listed but do not reject.
    """
    if anomalies.data_missing:
        return GateResult(name, False, None, 0.0, f"there are no {examples}: check the input files")
    infos = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        infos["(all examples)"] = anomalies.dataset_anomaly_info
    matchers = {feature.name: _outside_domain(feature) for feature in schema.feature}
    records = find_records(
        {f: matcher for f, matcher in matchers.items() if f in infos and matcher}
    )
    findings = {
        feature: _describe(labels.get(feature, feature), infos[feature])
        + format_records(records.get(feature, ()))
        for feature in sorted(infos)
    }
    warning = anomalies_pb2.AnomalyInfo.WARNING
    errors = [text for feature, text in findings.items() if infos[feature].severity != warning]
    warnings = [text for feature, text in findings.items() if infos[feature].severity == warning]
    parts = []
    if errors:
        parts.append(f"the {examples} do not conform to their schema: {' | '.join(errors)}")
    if warnings:
        parts.append(f"warnings: {' | '.join(warnings)}")
    if errors:
        parts.append("correct the files, or the domains in the curated schema (`schema:`)")
    reason = "; ".join(parts) or f"the {examples} conform to their schema"
    return GateResult(name, not errors, float(len(errors)), 0.0, reason)


def _describe(feature: str, info: anomalies_pb2.AnomalyInfo) -> str:
    """Returns the feature followed by the short and the long description of each TFDV reason."""
    reasons = info.reason or [info]
    texts = [f"{reason.short_description}: {reason.description.strip()}" for reason in reasons]
    return f"{feature}: " + " ".join(texts)


def _outside_domain(feature: schema_pb2.Feature) -> ValueMatcher | None:
    """Returns a matcher of values outside the feature's domain; None if it has no domain."""
    domain = feature.WhichOneof("domain_info")
    if domain == "string_domain":
        valid = {value.encode() for value in feature.string_domain.value}
        return lambda values: np.array([value not in valid for value in values], bool)
    if domain in ("int_domain", "float_domain"):
        limits = getattr(feature, domain)
        low = limits.min if limits.HasField("min") else -np.inf
        high = limits.max if limits.HasField("max") else np.inf
        return lambda values: (values < low) | (values > high)
    return None
