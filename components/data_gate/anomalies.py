"""The gate on anomalies: data that contradicts its schema."""

import numpy as np
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.data_gate.records import FindRecords, Sought, shown
from components.gate import GateResult

EVENTS_ANOMALIES = "data.events_anomalies"
CATALOGUE_ANOMALIES = "data.catalogue_anomalies"


def anomalies_gate(
    name: str,
    anomalies: anomalies_pb2.Anomalies,
    examples: str,
    schema: schema_pb2.Schema,
    find_records: FindRecords,
) -> GateResult:
    """Rejects data that contradicts its schema.

    Args:
      name: The gate's name.
      anomalies: What ExampleValidator found.
      examples: What was validated, for the reason.
      schema: What it was validated against.
      find_records: Finds records with a value outside its domain.

    Returns:
      The verdict; its value is the number of errors. Warnings are told but reject nothing.
    """
    if anomalies.data_missing:
        return GateResult(
            name, False, None, 0.0, f"the {examples} hold no example at all: check the input files"
        )
    infos = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        infos["(all examples)"] = anomalies.dataset_anomaly_info
    sought = {feature.name: _outside_domain(feature) for feature in schema.feature}
    records = find_records({f: outside for f, outside in sought.items() if f in infos and outside})
    found = {
        feature: _sentence(feature, infos[feature]) + shown(records.get(feature, ()))
        for feature in sorted(infos)
    }
    warning = anomalies_pb2.AnomalyInfo.WARNING
    errors = [text for feature, text in found.items() if infos[feature].severity != warning]
    warnings = [text for feature, text in found.items() if infos[feature].severity == warning]
    parts = [f"the {examples} contradict their schema: {' | '.join(errors)}"] if errors else []
    if warnings:
        parts.append(f"warnings: {' | '.join(warnings)}")
    if errors:
        parts.append("correct the files, or the domain in the curated file that `schema:` names")
    reason = "; ".join(parts) or f"the {examples} agree with their schema"
    return GateResult(name, not errors, float(len(errors)), 0.0, reason)


def _sentence(feature: str, info: anomalies_pb2.AnomalyInfo) -> str:
    """`feature: short description: long description`, one for each reason TFDV gives."""
    reasons = info.reason or [info]
    texts = [f"{reason.short_description}: {reason.description.strip()}" for reason in reasons]
    return f"{feature}: " + " ".join(texts)


def _outside_domain(feature: schema_pb2.Feature) -> Sought | None:
    """Which values a feature's domain does not hold; None where it has no domain of values."""
    domain = feature.WhichOneof("domain_info")
    if domain == "string_domain":
        fit = {value.encode() for value in feature.string_domain.value}
        return lambda values: np.array([value not in fit for value in values], bool)
    if domain in ("int_domain", "float_domain"):
        limits = getattr(feature, domain)
        low = limits.min if limits.HasField("min") else -np.inf
        high = limits.max if limits.HasField("max") else np.inf
        return lambda values: (values < low) | (values > high)
    return None
