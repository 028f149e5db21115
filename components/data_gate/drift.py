"""The gate on drift: events that moved away from those behind what serves now."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.data_gate.moves import (
    Move,
    Statistics,
    category_move,
    is_number,
    missing_move,
    missing_share,
    number_move,
)
from components.data_gate.records import FindRecords, shown
from components.gate import GateResult

DRIFT = "data.drift"
# The largest change in the share of events in which a number is missing. The divergence of
# numbers does not see it; of categories, "" is a value like any other.
MAX_MISSING_DRIFT = 0.3

DatasetStatistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


@dataclass(frozen=True)
class Drift:
    """How far one feature moved by one measure, how far it may, and how to tell it."""

    feature: str
    measure: str
    value: float
    threshold: float
    describe: Callable[[Statistics, Statistics], Move]

    @property
    def excess(self) -> float:
        """How far over its limit it is; negative within."""
        return self.value - self.threshold


def drift_gate(
    statistics: DatasetStatistics,
    schema: schema_pb2.Schema,
    reference: DatasetStatistics | None,
    find_records: FindRecords,
) -> GateResult:
    """Rejects events that moved too far from those that the serving model was trained on.

    By TFDV: the largest change in the share of any one value (L-infinity norm) for categories, the
    Jensen-Shannon divergence for numbers, for each feature with a `drift_comparator`. And for such
    numbers the change in the share of missing ones, which the divergence does not see.
    See tensorflow.org/tfx/data_validation/get_started#checking_data_skew_and_drift.

    `user_id`, `item_id` and `timestamp` have no limit of their own accord: new users, new items
    and later times are what new data consists of, and an id's share says little where statistics
    count the thousand most frequent values alone. Ids of a wrong column or form show as
    `unknown_item` among the rejected records instead.

    Args:
      statistics: Of the new events.
      schema: Of the events, with the limits.
      reference: Of the events behind what serves now; None where nothing serves.
      find_records: Finds new events that show what moved.

    Returns:
      The verdict; its value and threshold are those of the feature closest to, or furthest over,
      its limit.
    """
    if reference is None:
        return GateResult(
            DRIFT, True, None, None, "first run: nothing serves yet, no reference to compare with"
        )
    now, then = _by_feature(statistics), _by_feature(reference)
    limited = {feature.name for feature in schema.feature if feature.HasField("drift_comparator")}
    compared = {
        name
        for name in limited & now.keys() & then.keys()
        if is_number(now[name]) == is_number(then[name])
    }
    unmeasured = ", ".join(sorted(limited - compared))
    note = f"; not in the reference, or of another kind there: {unmeasured}" if unmeasured else ""
    measured = tfdv.validate_statistics(
        _present(statistics), schema, previous_statistics=_present(reference)
    )
    drifts = [
        drift
        for drift in (*_distributions(measured, now, then), *_missing(now, then))
        if drift.feature in compared
    ]
    if not drifts:
        return GateResult(DRIFT, True, None, None, f"no feature to compare{note}")
    worst = max(drifts, key=lambda drift: drift.excess)
    over = _worst_of_each([drift for drift in drifts if drift.excess > 0])
    if not over:
        reason = f"{len(compared)} features are close to those behind what serves now{note}"
        return GateResult(DRIFT, True, worst.value, worst.threshold, reason)
    moves = {d.feature: d.describe(then[d.feature], now[d.feature]) for d in over}
    records = find_records({feature: move.shown_by for feature, move in moves.items()})
    moved = ". ".join(
        f"{d.feature}: {d.measure} moved by {d.value:.3f}, at most {d.threshold:g} allowed: "
        f"{moves[d.feature].text}{shown(records.get(d.feature, ()))}"
        for d in over
    )
    reason = (
        f"the events moved away from those behind what serves now. {moved}. Find out what changed; "
        "if the change is real, raise the drift_comparator of the feature in the curated file that "
        f"`schema:` names{note}"
    )
    return GateResult(DRIFT, False, worst.value, worst.threshold, reason)


def _by_feature(statistics: DatasetStatistics) -> dict[str, Statistics]:
    return {".".join(f.path.step): f for f in statistics.datasets[0].features}


def _present(statistics: DatasetStatistics) -> DatasetStatistics:
    """The statistics without missing numbers.

    Where the buckets of both histograms are the same, as of one log read twice, TFDV takes NaN now
    and NaN then for different values.
    """
    present = DatasetStatistics()
    present.CopyFrom(statistics)
    for feature in present.datasets[0].features:
        for histogram in feature.num_stats.histograms if is_number(feature) else ():
            histogram.num_nan = 0
    return present


def _distributions(
    anomalies: anomalies_pb2.Anomalies, now: dict[str, Statistics], then: dict[str, Statistics]
) -> Iterator[Drift]:
    """What TFDV measured; where no number is there it measures nothing of use."""
    for info in anomalies.drift_skew_info:
        name = ".".join(info.path.step)
        if name not in then:
            continue
        numeric = is_number(now[name])
        if numeric and 1.0 in (missing_share(now[name]), missing_share(then[name])):
            continue
        measure = "the distribution (Jensen-Shannon)" if numeric else "the share of one value"
        describe = number_move if numeric else category_move
        for found in info.drift_measurements:
            yield Drift(name, measure, found.value, found.threshold, describe)


def _missing(now: dict[str, Statistics], then: dict[str, Statistics]) -> Iterator[Drift]:
    measure = "the share of missing values"
    for name in sorted(now.keys() & then.keys()):
        before, after = missing_share(then[name]), missing_share(now[name])
        if is_number(now[name]) and min(before, after) < 1.0:
            yield Drift(name, measure, abs(after - before), MAX_MISSING_DRIFT, missing_move)


def _worst_of_each(drifts: list[Drift]) -> list[Drift]:
    """The drift furthest over its limit of each feature, by feature."""
    worst: dict[str, Drift] = {}
    for drift in sorted(drifts, key=lambda drift: drift.excess):
        worst[drift.feature] = drift
    return [worst[name] for name in sorted(worst)]
