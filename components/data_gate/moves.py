"""How the values of one feature moved between two sets of statistics, in words."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.records import Sought
from schemas.features import MISSING_TEXT

_TOLD_VALUES = 3
_TOLD_CHARACTERS = 60

Statistics: TypeAlias = statistics_pb2.FeatureNameStatistics
_QUANTILES = statistics_pb2.Histogram.QUANTILES
_STANDARD = statistics_pb2.Histogram.STANDARD


@dataclass(frozen=True)
class Move:
    """How a feature moved.

    Attributes:
      text: What was there then, and what is there now.
      shown_by: Which of the new values show it best: those whose share grew most.
    """

    text: str
    shown_by: Sought


def is_number(statistics: Statistics) -> bool:
    """Whether the statistics are of numbers, not of categories."""
    return statistics.HasField("num_stats")


def missing_share(statistics: Statistics) -> float:
    """Which share of a feature's numbers is missing (NaN), 0 to 1."""
    numbers = statistics.num_stats
    missing = sum(h.num_nan for h in numbers.histograms if h.type == _STANDARD)
    total = numbers.common_stats.tot_num_values
    return missing / total if total else 0.0


def category_move(then: Statistics, now: Statistics) -> Move:
    """The values whose share of the events changed most, the largest change first."""
    before, after = _shares(then), _shares(now)
    changes = {value: after[value] - before[value] for value in before | after}
    largest = sorted(changes, key=lambda value: (-abs(changes[value]), value))[:_TOLD_VALUES]
    told = [f"{_quoted(v)} {before[v]:.1%} → {after[v]:.1%}" for v in largest if changes[v]]
    grown = max(changes, key=lambda value: changes[value]).encode()
    return Move(", ".join(told), lambda values: np.array([v == grown for v in values], bool))


def number_move(then: Statistics, now: Statistics) -> Move:
    """The median, and the middle 80 % of the values."""
    low, high = _most_grown(then, now)
    text = f"{_middle(then)} then, {_middle(now)} now"
    return Move(text, lambda values: (values >= low) & (values <= high))


def missing_move(then: Statistics, now: Statistics) -> Move:
    """The share of missing numbers."""
    before, after = missing_share(then), missing_share(now)
    text = f"missing {before:.1%} → {after:.1%}"
    return Move(text, np.isnan if after > before else lambda values: ~np.isnan(values))


def _shares(statistics: Statistics) -> defaultdict[str, float]:
    """Shares of the values, as TFDV's comparator takes them: by the rank histogram."""
    buckets = statistics.string_stats.rank_histogram.buckets
    total = sum(bucket.sample_count for bucket in buckets)
    shares: defaultdict[str, float] = defaultdict(float)
    for bucket in buckets:
        shares[bucket.label] += bucket.sample_count / total
    return shares


def _quoted(value: str) -> str:
    if value == MISSING_TEXT:
        return "(missing)"
    cut = value if len(value) <= _TOLD_CHARACTERS else f"{value[:_TOLD_CHARACTERS]}…"
    return json.dumps(cut, ensure_ascii=False)


def _middle(statistics: Statistics) -> str:
    numbers = statistics.num_stats
    buckets = _deciles(statistics)
    return (
        f"median {numbers.median:.4g} with 80% in "
        f"{buckets[0].high_value:.4g} to {buckets[-1].low_value:.4g}"
    )


def _deciles(statistics: Statistics) -> list[statistics_pb2.Histogram.Bucket]:
    """Ten buckets of equal counts; empty where every value is missing."""
    (histogram,) = (h for h in statistics.num_stats.histograms if h.type == _QUANTILES)
    return list(histogram.buckets)


def _most_grown(then: Statistics, now: Statistics) -> tuple[float, float]:
    """The range of new values, among the new deciles, whose share grew most."""
    shares: defaultdict[tuple[float, float], float] = defaultdict(float)
    deciles = _deciles(now)
    total = sum(bucket.sample_count for bucket in deciles)
    for bucket in deciles:
        shares[bucket.low_value, bucket.high_value] += bucket.sample_count / total
    return max(shares, key=lambda limits: shares[limits] - _share_within(then, *limits))


def _share_within(statistics: Statistics, low: float, high: float) -> float:
    """The share of values in [low, high], even within a decile of some width."""
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
