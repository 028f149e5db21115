"""Describes how the values of one feature changed between two sets of statistics."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.record_search import ValueMatcher
from schemas.features import MISSING_TEXT

_MAX_LISTED_VALUES = 3
_MAX_VALUE_CHARACTERS = 60

Statistics: TypeAlias = statistics_pb2.FeatureNameStatistics
_QUANTILES = statistics_pb2.Histogram.QUANTILES
_STANDARD = statistics_pb2.Histogram.STANDARD


@dataclass(frozen=True)
class DistributionShift:
    """A description of how the values of a feature changed.

    Attributes:
      text: The values in the reference and in the new data.
      matches: Matches the new values whose share grew most, which illustrate the change.
    """

    text: str
    matches: ValueMatcher


def is_number(statistics: Statistics) -> bool:
    """Returns whether the feature is a number rather than a category."""
    return statistics.HasField("num_stats")


def missing_share(statistics: Statistics) -> float:
    """Returns the share of a feature's numbers that are missing (NaN), 0 to 1."""
    numbers = statistics.num_stats
    missing = sum(h.num_nan for h in numbers.histograms if h.type == _STANDARD)
    total = numbers.common_stats.tot_num_values
    return missing / total if total else 0.0


def category_shift(reference: Statistics, new: Statistics) -> DistributionShift:
    """Lists the values whose share of the events changed most, the largest change first."""
    before, after = _shares(reference), _shares(new)
    changes = {value: after[value] - before[value] for value in before | after}
    largest = sorted(changes, key=lambda value: (-abs(changes[value]), value))[:_MAX_LISTED_VALUES]
    texts = [f"{_quoted(v)} {before[v]:.1%} → {after[v]:.1%}" for v in largest if changes[v]]
    most_grown = max(changes, key=lambda value: changes[value]).encode()
    return DistributionShift(
        ", ".join(texts), lambda values: np.array([v == most_grown for v in values], bool)
    )


def number_shift(reference: Statistics, new: Statistics) -> DistributionShift:
    """States the median and the middle 80 % of the values."""
    low, high = _most_grown_range(reference, new)
    text = f"{_median_and_range(reference)} before, {_median_and_range(new)} now"
    return DistributionShift(text, lambda values: (values >= low) & (values <= high))


def missing_shift(reference: Statistics, new: Statistics) -> DistributionShift:
    """States the share of missing numbers."""
    before, after = missing_share(reference), missing_share(new)
    text = f"missing {before:.1%} → {after:.1%}"
    return DistributionShift(text, np.isnan if after > before else lambda values: ~np.isnan(values))


def _shares(statistics: Statistics) -> defaultdict[str, float]:
    """Returns the share of each value from the rank histogram, as TFDV's comparator does."""
    buckets = statistics.string_stats.rank_histogram.buckets
    total = sum(bucket.sample_count for bucket in buckets)
    shares: defaultdict[str, float] = defaultdict(float)
    for bucket in buckets:
        shares[bucket.label] += bucket.sample_count / total
    return shares


def _quoted(value: str) -> str:
    if value == MISSING_TEXT:
        return "(missing)"
    is_short = len(value) <= _MAX_VALUE_CHARACTERS
    return json.dumps(
        value if is_short else f"{value[:_MAX_VALUE_CHARACTERS]}…", ensure_ascii=False
    )


def _median_and_range(statistics: Statistics) -> str:
    numbers = statistics.num_stats
    buckets = _deciles(statistics)
    return (
        f"median {numbers.median:.4g} with 80% in "
        f"{buckets[0].high_value:.4g} to {buckets[-1].low_value:.4g}"
    )


def _deciles(statistics: Statistics) -> list[statistics_pb2.Histogram.Bucket]:
    """Returns ten buckets of equal counts, or an empty list if every value is missing."""
    (histogram,) = (h for h in statistics.num_stats.histograms if h.type == _QUANTILES)
    return list(histogram.buckets)


def _most_grown_range(reference: Statistics, new: Statistics) -> tuple[float, float]:
    """Returns the limits of the new decile whose share of the values grew most."""
    shares: defaultdict[tuple[float, float], float] = defaultdict(float)
    deciles = _deciles(new)
    total = sum(bucket.sample_count for bucket in deciles)
    for bucket in deciles:
        shares[bucket.low_value, bucket.high_value] += bucket.sample_count / total
    return max(shares, key=lambda limits: shares[limits] - _share_within(reference, *limits))


def _share_within(statistics: Statistics, low: float, high: float) -> float:
    """Returns the share of values in [low, high], assuming uniform values within each decile."""
    deciles = _deciles(statistics)
    total = sum(bucket.sample_count for bucket in deciles)
    within = 0.0
    for bucket in deciles:
        width = bucket.high_value - bucket.low_value
        overlap = min(high, bucket.high_value) - max(low, bucket.low_value)
        if width > 0:
            within += bucket.sample_count * max(0.0, overlap) / width
        elif overlap >= 0:
            within += bucket.sample_count
    return within / total
