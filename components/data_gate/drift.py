"""The gate on drift: compares the events with those that the served model was trained on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.distribution_shift import (
    DistributionShift,
    Statistics,
    category_shift,
    is_number,
    missing_share,
    missing_shift,
    number_shift,
)
from components.data_gate.record_search import RecordFinder, format_records
from components.gate import GateResult

DRIFT = "data.drift"
# Limit of the change in the share of events in which a number is missing. The divergence of numbers
# ignores missing values; for categories, "" counts like any other value.
MAX_MISSING_DRIFT = 0.3

DatasetStatistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


@dataclass(frozen=True)
class Drift:
    """The drift of one feature by one measure.

    Attributes:
      feature: The feature's name.
      measure: The name of the measure.
      value: The measured drift.
      threshold: The largest drift that is allowed.
      describe: Describes the change from the reference to the new statistics of the feature.
    """

    feature: str
    measure: str
    value: float
    threshold: float
    describe: Callable[[Statistics, Statistics], DistributionShift]

    @property
    def excess(self) -> float:
        """The drift minus its limit; negative within the limit."""
        return self.value - self.threshold


def drift_gate(
    statistics: DatasetStatistics,
    schema: schema_pb2.Schema,
    reference: DatasetStatistics | None,
    find_records: RecordFinder,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> GateResult:
    """Rejects events that differ too much from those that the served model was trained on.

    TFDV measures each feature with a `drift_comparator`: categories by the largest change in the
    share of any value (L-infinity norm), numbers by the Jensen-Shannon divergence. For numbers, the
    change in the share of missing values is limited as well, because the divergence ignores them.
    See tensorflow.org/tfx/data_validation/get_started#checking_data_skew_and_drift.

    `user_id`, `item_id` and `timestamp` have no default limit. New data consists of new users, new
    items and later times, and shares of ids are not informative because statistics count only the
    thousand most frequent values. Ids from a wrong column or in a wrong format are rejected as
    `unknown_item` instead.

    Args:
      statistics: Statistics of the new events.
      schema: The schema of the events, with the limits.
      reference: Statistics of the events that the currently served model was trained on; None if
        no model is served.
      find_records: Finds new events that illustrate the drift.
      labels: The label of each feature of the configuration, by key.

    Returns:
      The result; its value and threshold are those of the feature that exceeds its limit most, or
      that is closest to it.
    """
    if reference is None:
        return GateResult(
            DRIFT, True, None, None, "no model is served yet: there is no reference to compare with"
        )
    new_features, reference_features = _by_feature(statistics), _by_feature(reference)
    limited = {feature.name for feature in schema.feature if feature.HasField("drift_comparator")}
    compared = {
        name
        for name in limited & new_features.keys() & reference_features.keys()
        if is_number(new_features[name]) == is_number(reference_features[name])
    }
    unmeasured = ", ".join(sorted(labels.get(name, name) for name in limited - compared))
    note = f"; not in the reference, or of another kind there: {unmeasured}" if unmeasured else ""
    measured = tfdv.validate_statistics(
        _without_missing(statistics), schema, previous_statistics=_without_missing(reference)
    )
    drifts = [
        drift
        for drift in (
            *_distribution_drifts(measured, new_features, reference_features),
            *_missing_drifts(new_features, reference_features),
        )
        if drift.feature in compared
    ]
    if not drifts:
        return GateResult(DRIFT, True, None, None, f"no feature to compare{note}")
    largest = max(drifts, key=lambda drift: drift.excess)
    exceeding = _largest_by_feature([drift for drift in drifts if drift.excess > 0])
    if not exceeding:
        reason = (
            f"{len(compared)} features are within their limits, compared with the events that the "
            f"currently served model was trained on{note}"
        )
        return GateResult(DRIFT, True, largest.value, largest.threshold, reason)
    shifts = {
        drift.feature: drift.describe(
            reference_features[drift.feature], new_features[drift.feature]
        )
        for drift in exceeding
    }
    records = find_records({feature: shift.matches for feature, shift in shifts.items()})
    findings = ". ".join(
        f"{labels.get(drift.feature, drift.feature)}: {drift.measure} is {drift.value:.3f}, "
        f"at most {drift.threshold:g} is allowed: {shifts[drift.feature].text}"
        f"{format_records(records.get(drift.feature, ()))}"
        for drift in exceeding
    )
    reason = (
        "the events have drifted from those that the currently served model was trained on. "
        f"{findings}. Find out what changed; if the change is real, raise the drift_comparator of "
        f"the feature in the curated schema (`schema:`){note}"
    )
    return GateResult(DRIFT, False, largest.value, largest.threshold, reason)


def _by_feature(statistics: DatasetStatistics) -> dict[str, Statistics]:
    return {".".join(f.path.step): f for f in statistics.datasets[0].features}


def _without_missing(statistics: DatasetStatistics) -> DatasetStatistics:
    """Returns the statistics without missing numbers.

    If the buckets of both histograms are equal, as for the same log read twice, TFDV treats the
    NaN of each as a different value.
    """
    present = DatasetStatistics()
    present.CopyFrom(statistics)
    for feature in present.datasets[0].features:
        for histogram in feature.num_stats.histograms if is_number(feature) else ():
            histogram.num_nan = 0
    return present


def _distribution_drifts(
    anomalies: anomalies_pb2.Anomalies,
    new: dict[str, Statistics],
    reference: dict[str, Statistics],
) -> Iterator[Drift]:
    """Yields the drifts that TFDV measured, except of numbers without any value."""
    for info in anomalies.drift_skew_info:
        name = ".".join(info.path.step)
        if name not in reference:
            continue
        numeric = is_number(new[name])
        if numeric and 1.0 in (missing_share(new[name]), missing_share(reference[name])):
            continue
        if numeric:
            measure = "Jensen-Shannon divergence"
        else:
            measure = "largest change in the share of a value"
        describe = number_shift if numeric else category_shift
        for measurement in info.drift_measurements:
            yield Drift(name, measure, measurement.value, measurement.threshold, describe)


def _missing_drifts(
    new: dict[str, Statistics], reference: dict[str, Statistics]
) -> Iterator[Drift]:
    """Yields the change in the share of missing values of each number."""
    measure = "change in the share of missing values"
    for name in sorted(new.keys() & reference.keys()):
        before, after = missing_share(reference[name]), missing_share(new[name])
        if is_number(new[name]) and min(before, after) < 1.0:
            yield Drift(name, measure, abs(after - before), MAX_MISSING_DRIFT, missing_shift)


def _largest_by_feature(drifts: list[Drift]) -> list[Drift]:
    """Returns the drift of each feature that exceeds its limit most, sorted by feature."""
    largest: dict[str, Drift] = {}
    for drift in sorted(drifts, key=lambda drift: drift.excess):
        largest[drift.feature] = drift
    return [largest[name] for name in sorted(largest)]
