"""Statistics of the features, and the anomalies that ExampleValidator found."""

import math
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from components.run_reporter.charts.bars import histogram, named_bars
from components.run_reporter.charts.figure import Figure
from components.run_reporter.formatting import NOTHING, number
from components.run_reporter.sections.section import ReportInputs, Section, why_missing
from components.run_reporter.table import Table
from schemas.features import AVAILABLE_AT, ITEM_ID, TIMESTAMP, USER_ID

_READING = (
    "The columns of the examples that TFDV measured: of the events (of a large log, a sample) and "
    "of the catalogue. A high share of missing values, a single value, or an extreme minimum or "
    "maximum can be an error of the data. Anomalies are differences from the schema; an error "
    "stops the run before training."
)
_HEADS = [
    "feature",
    "type",
    "missing",
    "zeros",
    "min",
    "median",
    "max",
    "mean",
    "distinct",
    "most frequent",
]
_MAX_CHARTS = 12
_MAX_VALUES = 8
_MAX_TEXT = 40
# The values of these columns are ids of users, or too many to be a distribution.
_NO_VALUES = frozenset({USER_ID})
# Columns of seconds since the epoch.
_TIMES = frozenset({TIMESTAMP, AVAILABLE_AT})
_NO_CHART = frozenset({USER_ID, ITEM_ID})
_STANDARD = statistics_pb2.Histogram.STANDARD

# The year 10000, which `datetime` does not reach.
_END_OF_TIME_S = 253_402_300_800


def features_section(inputs: ReportInputs) -> Section:
    """Returns the section on feature statistics and anomalies."""
    statistics, anomalies = inputs.files.statistics, inputs.files.anomalies
    if not statistics:
        missing = why_missing(inputs, "EventsStatistics", "CatalogueStatistics")
        return Section("features", "Features", "", "features.html.j2", missing=missing)
    return Section(
        "features",
        "Features",
        _READING,
        "features.html.j2",
        {
            "groups": [
                _group(split, dataset, anomalies.get(split))
                for split, dataset in sorted(statistics.items(), reverse=True)
            ]
        },
    )


def _group(
    split: str,
    dataset: statistics_pb2.DatasetFeatureStatistics,
    anomalies: anomalies_pb2.Anomalies | None,
) -> dict[str, Any]:
    """Returns what the template shows of one split of the examples."""
    figures = list(_figures(split, dataset))
    return {
        "name": split,
        "examples": number(int(dataset.num_examples)),
        "table": Table(_HEADS, [_row(feature) for feature in dataset.features]),
        "figures": figures[:_MAX_CHARTS],
        "num_not_drawn": len(figures[_MAX_CHARTS:]),
        "anomalies": None if anomalies is None else _anomalies(anomalies),
    }


def _row(feature: statistics_pb2.FeatureNameStatistics) -> list[str]:
    """Returns the cells of a feature, in the order of `_HEADS`."""
    name = _name(feature)
    kind = statistics_pb2.FeatureNameStatistics.Type.Name(feature.type).lower()
    if feature.WhichOneof("stats") == "num_stats":
        return [name, kind, *_number_cells(feature.num_stats, is_time=name in _TIMES)]
    return [name, kind, *_text_cells(feature.string_stats, shows_values=name not in _NO_VALUES)]


def _number_cells(stats: statistics_pb2.NumericStatistics, is_time: bool) -> list[str]:
    common = stats.common_stats
    format_value = _time if is_time else _finite
    return [
        _share(common.num_missing, common.num_missing + common.num_non_missing),
        _share(stats.num_zeros, common.num_non_missing),
        *map(format_value, (stats.min, stats.median, stats.max, stats.mean)),
        NOTHING,
        NOTHING,
    ]


def _text_cells(stats: statistics_pb2.StringStatistics, shows_values: bool) -> list[str]:
    common = stats.common_stats
    # The examples have "" for a missing text.
    num_empty = sum(value.frequency for value in stats.top_values if not value.value)
    frequent = [value for value, _, _ in _frequent_values(stats)[:3]] if shows_values else []
    return [
        _share(common.num_missing + num_empty, common.num_missing + common.num_non_missing),
        *[NOTHING] * 5,
        number(int(stats.unique)),
        ", ".join(frequent) or NOTHING,
    ]


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else NOTHING


def _figures(split: str, dataset: statistics_pb2.DatasetFeatureStatistics) -> Iterator[Figure]:
    for index, feature in enumerate(dataset.features):
        name = _name(feature)
        if name in _NO_CHART:
            continue
        anchor = f"feature-{split}-{index}"
        if feature.WhichOneof("stats") == "num_stats":
            buckets = _buckets(feature.num_stats)
            if len(buckets) > 1:
                is_time = name in _TIMES
                yield histogram(anchor, f"{name} ({split})", name, buckets, is_time)
        elif values := _frequent_values(feature.string_stats):
            yield named_bars(anchor, f"{name} ({split})", ("value", "frequency"), values)


def _buckets(stats: statistics_pb2.NumericStatistics) -> list[tuple[float, float, float]]:
    """Returns the ends and the counts of buckets of equal width; none for a single value."""
    found = [histogram for histogram in stats.histograms if histogram.type == _STANDARD]
    if not found or not math.isfinite(stats.min) or stats.min == stats.max:
        return []
    return [
        (bucket.low_value, bucket.high_value, round(bucket.sample_count, 2))
        for bucket in found[0].buckets
        if math.isfinite(bucket.low_value) and math.isfinite(bucket.high_value)
    ]


def _frequent_values(stats: statistics_pb2.StringStatistics) -> list[tuple[str, float, str]]:
    """Returns the most frequent values; none if no value is frequent, as in titles or names."""
    values = [value for value in stats.top_values if value.value]
    if len(values) < 2 or values[0].frequency < 2 or stats.unique > _num_values(stats) / 2:
        return []
    total = _num_values(stats)
    return [
        (_cut(value.value), value.frequency, f"{value.frequency / total:.1%}")
        for value in values[:_MAX_VALUES]
    ]


def _anomalies(anomalies: anomalies_pb2.Anomalies) -> list[dict[str, Any]]:
    infos = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        infos["(all examples)"] = anomalies.dataset_anomaly_info
    return [
        {
            "feature": name,
            "severity": anomalies_pb2.AnomalyInfo.Severity.Name(infos[name].severity).lower(),
            "text": f"{infos[name].short_description}: {infos[name].description}".strip(": "),
        }
        for name in sorted(infos)
    ]


def _num_values(stats: statistics_pb2.StringStatistics) -> float:
    return max(1.0, float(stats.common_stats.tot_num_values or stats.common_stats.num_non_missing))


def _name(feature: statistics_pb2.FeatureNameStatistics) -> str:
    return feature.name or ".".join(feature.path.step)


def _finite(value: float) -> str:
    return number(value) if math.isfinite(value) else NOTHING


def _time(value: float) -> str:
    """Formats seconds since the epoch as a date; a missing time is negative."""
    if not 0 <= value < _END_OF_TIME_S:
        return NOTHING
    return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
