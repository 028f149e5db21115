"""Infers a curated schema from data, to be reviewed and completed by the user.

The inferred schema contains what `build_schemas` merges into the layout: valid values and drift
limits. Categories with few values get a domain (TFDV's `infer_schema`), numbers and times a range,
lists a presence; ids and text get none of these.
"""

import json
import math
from datetime import datetime, timezone
from typing import TypeAlias

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.config_schema.build import set_default_drift_limits
from schemas import tfmd
from schemas.features import AVAILABLE_AT, ITEM_ID, TIMESTAMP, USER_ID, FeatureTable
from schemas.source_settings import FeatureKind

# A category with more values than this gets no domain, because new values are to be expected.
MAX_DOMAIN_VALUES = 100

DatasetStatistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Statistics: TypeAlias = statistics_pb2.FeatureNameStatistics

_HEADER = f"""\
# Valid values of the features, and limits on their drift.
# Inferred from {{source}}: {{counts}}.
#
# To use it, save it to a file and set the path in the configuration:
#   schema: FILE
# Check first:
# - string_domain: it must list every valid value, not only those in the data, and "" if a value
#   may be missing. Categories with more than {MAX_DOMAIN_VALUES} values, ids and text have none.
# - float_domain, int_domain: widen them to all possible values, or remove them.
# - drift_comparator: the largest change allowed from the events that the currently served model was
#   trained on: for a category the change in the share of any value, for a number the
#   Jensen-Shannon divergence.
# Features and fields that are not listed are not checked. The layout (type, shape, presence of
# single values) comes from the configuration and need not be repeated.
"""


def infer_curated_schema(
    source: str, table: FeatureTable, events: DatasetStatistics, catalogue: DatasetStatistics
) -> str:
    """Infers a curated schema.

    Args:
      source: The name of the data, for the header.
      table: The features of the configuration.
      events: Statistics of split `events`.
      catalogue: Statistics of split `catalogue`.

    Returns:
      A TFMD schema in text format with comments, to be read by `read_curated_schema` and merged by
      `build_schemas` with the same table. A feature with the same name in events and catalogue
      occurs once, with a domain wide enough for both, or not at all if their kinds differ.
    """
    inferred: dict[str, schema_pb2.Feature] = {}
    comments: dict[str, list[str]] = {}
    event_layout, item_layout = tfmd.events_schema(table), tfmd.catalogue_schema(table)
    set_default_drift_limits(event_layout, table)
    excluded = _features_without_domain(table) | _labels_of_two_kinds(table)
    for schema, labels, statistics in (
        (event_layout, table.event_labels, events),
        (item_layout, table.item_labels, catalogue),
    ):
        domains = _domains(statistics)
        by_name = {".".join(f.path.step): f for f in statistics.datasets[0].features}
        for layout in schema.feature:
            name, label = layout.name, labels.get(layout.name, layout.name)
            if label not in excluded and _has_values(by_name.get(name)):
                feature = inferred.setdefault(label, schema_pb2.Feature(name=label))
                _widen(feature, layout, by_name[name], domains.get(name))
                comments.setdefault(label, []).append(_summary(by_name[name], layout.type))
    counts = " and ".join(
        f"{statistics.datasets[0].num_examples:,} {noun}"
        for statistics, noun in ((events, "events"), (catalogue, "catalogue items"))
    )
    blocks = [
        "".join(f"# {comment}\n" for comment in comments[feature.name])
        + text_format.MessageToString(schema_pb2.Schema(feature=[feature]), as_utf8=True)
        for feature in inferred.values()
        if len(feature.ListFields()) > 1
    ]
    return "\n".join([_HEADER.format(source=source, counts=counts), *blocks])


def _features_without_domain(table: FeatureTable) -> set[str]:
    """Returns the labels of ids, text and times of items, for which any value is valid."""
    kinds = (FeatureKind.TEXT, FeatureKind.TIMESTAMP)
    return {
        USER_ID,
        ITEM_ID,
        AVAILABLE_AT,
        *(feature.label for feature in table.item if feature.kind in kinds),
    }


def _labels_of_two_kinds(table: FeatureTable) -> set[str]:
    """Returns the labels that have different types or shapes in the two layouts."""
    of_events, of_items = (
        {
            labels.get(feature.name, feature.name): (feature.type, feature.HasField("shape"))
            for feature in schema.feature
        }
        for schema, labels in (
            (tfmd.events_schema(table), table.event_labels),
            (tfmd.catalogue_schema(table), table.item_labels),
        )
    )
    return {label for label in of_events.keys() & of_items if of_events[label] != of_items[label]}


def _has_values(statistics: Statistics | None) -> bool:
    """Returns whether any value is not missing: the layouts fill in features without a column."""
    if statistics is None:
        return False
    if statistics.HasField("num_stats"):
        return any(histogram.buckets for histogram in statistics.num_stats.histograms)
    return any(bucket.label for bucket in statistics.string_stats.rank_histogram.buckets)


def _domains(statistics: DatasetStatistics) -> dict[str, list[str]]:
    """Returns the values of each feature with at most MAX_DOMAIN_VALUES of them."""
    schema = tfdv.infer_schema(
        statistics, infer_feature_shape=False, max_string_domain_size=MAX_DOMAIN_VALUES
    )
    values = {domain.name: list(domain.value) for domain in schema.string_domain}
    return {f.name: values[f.domain] for f in schema.feature if f.domain in values}


def _widen(
    feature: schema_pb2.Feature,
    layout: schema_pb2.Feature,
    statistics: Statistics,
    values: list[str] | None,
) -> None:
    """Widens an inferred feature so that the values described by the statistics are valid.

    Args:
      feature: The inferred feature, changed in place.
      layout: The feature in the schema of the configuration.
      statistics: The feature's statistics.
      values: The feature's values, or None if it gets no domain.
    """
    if layout.type == schema_pb2.BYTES:
        if values is not None:
            known = set(feature.string_domain.value)
            feature.string_domain.value[:] = sorted(known | set(values), key=lambda v: (v == "", v))
    else:
        _widen_range(feature, layout, statistics.num_stats)
    if not layout.HasField("shape"):
        present = statistics.string_stats.common_stats.num_non_missing
        missing = statistics.string_stats.common_stats.num_missing
        feature.presence.min_fraction = _next_lower_tenth(present / max(1, present + missing))
    if layout.HasField("drift_comparator"):
        feature.drift_comparator.CopyFrom(layout.drift_comparator)


def _widen_range(
    feature: schema_pb2.Feature,
    layout: schema_pb2.Feature,
    numbers: statistics_pb2.NumericStatistics,
) -> None:
    """Widens the range to all numbers, or to all event times from the first year on."""
    if layout.type == schema_pb2.FLOAT:
        domain = feature.float_domain
        domain.min = min(numbers.min, domain.min) if domain.HasField("min") else numbers.min
        domain.max = max(numbers.max, domain.max) if domain.HasField("max") else numbers.max
    elif layout.name == TIMESTAMP:
        first_year = datetime(_to_datetime(numbers.min).year, 1, 1, tzinfo=timezone.utc)
        feature.int_domain.min = int(first_year.timestamp())


def _next_lower_tenth(fraction: float) -> float:
    """Returns the next lower multiple of 0.1, which leaves room for a few more missing values."""
    return max(0, math.ceil(10 * fraction - 1e-9) - 1) / 10


def _summary(statistics: Statistics, dtype: "schema_pb2.FeatureType.ValueType") -> str:
    """Returns a summary of the observed values, as the text of a comment."""
    if dtype == schema_pb2.BYTES:
        strings = statistics.string_stats
        total = strings.common_stats.tot_num_values
        note = ", too many for a domain" if strings.unique > MAX_DOMAIN_VALUES else ""
        most_frequent = ", ".join(
            f"{json.dumps(top.value, ensure_ascii=False)} {top.frequency / total:.1%}"
            for top in strings.top_values[:3]
        )
        return f"observed: {strings.unique:,} value(s){note}; most frequent: {most_frequent}"
    numbers = statistics.num_stats
    if dtype == schema_pb2.INT:
        first, last = _to_datetime(numbers.min), _to_datetime(numbers.max)
        return f"observed: {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    missing = numbers.histograms[0].num_nan / numbers.common_stats.tot_num_values
    return (
        f"observed: {numbers.min:g} to {numbers.max:g}, median {numbers.median:g}, "
        f"missing {missing:.1%}"
    )


def _to_datetime(timestamp_s: float) -> datetime:
    return datetime.fromtimestamp(timestamp_s, timezone.utc)
