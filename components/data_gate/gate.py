"""The gates on data: refused records, anomalies against the schema, drift from what serves."""

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.gate import GateResult
from schemas.events import RejectReason

INTERACTION_REJECTS = "data.interaction_reject_fraction"
USER_REJECTS = "data.user_reject_fraction"
CATALOGUE_REJECTS = "data.catalogue_reject_fraction"
EVENTS_ANOMALIES = "data.events_anomalies"
CATALOGUE_ANOMALIES = "data.catalogue_anomalies"
DRIFT = "data.drift"


def reject_gate(
    name: str, read: int, rejects: Mapping[str, int], max_fraction: float, section: str
) -> GateResult:
    """Limits the share of unfit records; what a `keep` rule leaves out is not counted.

    Args:
      name: The gate's name.
      read: How many records were read.
      rejects: How many were refused, by `RejectReason`.
      max_fraction: The largest share of unfit records in those read.
      section: The section of the configuration that owns the limit: `interactions`, `users`
        or `items`.

    Returns:
      The verdict; its value is the share.

    Raises:
      ValueError: A reason is not one of the closed set.
    """
    dirt = {reason: count for reason, count in rejects.items() if RejectReason(reason).is_dirt}
    total = sum(dirt.values())
    fraction = total / read if read else 0.0
    passed = fraction <= max_fraction
    largest_first = sorted(dirt.items(), key=lambda entry: (-entry[1], entry[0]))
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in largest_first if count)
    found = f"{total:,} of {read:,} records are unfit" + (f" ({reasons})" if reasons else "")
    limit = f"{fraction:.2%}, at most {max_fraction:.2%} allowed"
    cure = (
        ""
        if passed
        else f"; look into rejects/, then correct the files or the `{section}`"
        f" settings, or raise {section}.max_reject_fraction"
    )
    return GateResult(name, passed, fraction, max_fraction, f"{found}: {limit}{cure}")


def anomalies_gate(name: str, anomalies: anomalies_pb2.Anomalies, examples: str) -> GateResult:
    """Refuses data that contradicts its schema.

    Args:
      name: The gate's name.
      anomalies: What ExampleValidator found.
      examples: What was validated, for the reason.

    Returns:
      The verdict; its value is the number of errors. Warnings are told but refuse nothing.
    """
    if anomalies.data_missing:
        return GateResult(
            name, False, None, 0.0, f"the {examples} hold no example at all: check the input files"
        )
    infos = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        infos["(all examples)"] = anomalies.dataset_anomaly_info
    found = {feature: _sentence(feature, infos[feature]) for feature in sorted(infos)}
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


@dataclass(frozen=True)
class Drift:
    """How far one feature moved, and how far it may."""

    feature: str
    value: float
    threshold: float


def drift_gate(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
    reference: statistics_pb2.DatasetFeatureStatisticsList | None,
) -> GateResult:
    """Refuses events that moved too far from those that the serving model was trained on.

    By TFDV: the largest change in the share of any one value (L-infinity norm) for categories, the
    Jensen-Shannon divergence for numbers, for each feature with a `drift_comparator`.
    See tensorflow.org/tfx/data_validation/get_started#checking_data_skew_and_drift.

    Args:
      statistics: Of the new events.
      schema: Of the events, with the limits.
      reference: Of the events behind what serves now; None where nothing serves.

    Returns:
      The verdict; its value and threshold are those of the feature closest to, or furthest over,
      its limit.
    """
    if reference is None:
        return GateResult(
            DRIFT, True, None, None, "first run: nothing serves yet, no reference to compare with"
        )
    drifts = _drifts(tfdv.validate_statistics(statistics, schema, previous_statistics=reference))
    limited = {feature.name for feature in schema.feature if feature.HasField("drift_comparator")}
    unmeasured = ", ".join(sorted(limited - {drift.feature for drift in drifts}))
    note = f"; not in the reference: {unmeasured}" if unmeasured else ""
    if not drifts:
        return GateResult(DRIFT, True, None, None, f"no feature to compare{note}")
    worst = max(drifts, key=lambda drift: drift.value - drift.threshold)
    over = [drift for drift in drifts if drift.value > drift.threshold]
    if not over:
        reason = f"{len(drifts)} features are close to those behind what serves now{note}"
        return GateResult(DRIFT, True, worst.value, worst.threshold, reason)
    moved = ", ".join(f"{d.feature} by {d.value:.3f} (limit {d.threshold:g})" for d in over)
    reason = (
        f"the events moved away from those behind what serves now: {moved}{note}; find out what "
        "changed, and if the change is real raise the drift_comparator of the feature in the "
        "curated file that `schema:` names"
    )
    return GateResult(DRIFT, False, worst.value, worst.threshold, reason)


def _drifts(anomalies: anomalies_pb2.Anomalies) -> list[Drift]:
    return [
        Drift(".".join(info.path.step), measured.value, measured.threshold)
        for info in anomalies.drift_skew_info
        for measured in info.drift_measurements
    ]
