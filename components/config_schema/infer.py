"""Infers from data a curated schema for a person to complete.

It says what `build_schemas` takes beside the layout: which values are fit, and how far they may
drift. Categories with few values get a domain (TFDV's `infer_schema`), numbers and times a range,
lists a presence; ids and text get none of these.
"""

import json
import math
from datetime import datetime, timezone
from typing import TypeAlias

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.config_schema.build import limit_drift
from schemas import tfmd
from schemas.features import AVAILABLE_AT, ITEM_ID, TIMESTAMP, USER_ID, FeatureTable
from schemas.source_settings import FeatureKind

# A category with more values than this is open: a new one is no mistake.
MAX_DOMAIN_VALUES = 100

DatasetStatistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList
Statistics: TypeAlias = statistics_pb2.FeatureNameStatistics

_HEADER = f"""\
# What values are fit, and how far they may drift.
# Inferred from {{source}}: {{counts}}.
#
# To use it, save it as a file and name that in the configuration:
#   schema: FILE
# What to check first:
# - string_domain: that it lists every value that may ever come, not only those seen, and "" where
#   one may be missing. Categories of more than {MAX_DOMAIN_VALUES} values, ids and text have none.
# - float_domain, int_domain: widen them to what is possible, or remove them.
# - drift_comparator: the largest change against the events behind the model that serves. For a
#   category that of the share of any one value, for a number the Jensen-Shannon divergence.
# What is left out is not checked. The layout (type, shape, presence of single values) comes from
# the configuration and need not be repeated.
"""


def infer_curated(
    source: str, table: FeatureTable, events: DatasetStatistics, catalogue: DatasetStatistics
) -> str:
    """Infers a curated schema.

    Args:
      source: What it is inferred from, for its header.
      table: The features of the configuration.
      events: Statistics of split `events`.
      catalogue: Statistics of split `catalogue`.

    Returns:
      A TFMD schema in text format with comments, which `read_curated` reads and `build_schemas`
      merges with the same table. A feature of both, by one name, stands once, wide enough for
      both, or not at all where they are of different kinds.
    """
    inferred: dict[str, schema_pb2.Feature] = {}
    comments: dict[str, list[str]] = {}
    event_layout, item_layout = tfmd.events_schema(table), tfmd.catalogue_schema(table)
    limit_drift(event_layout, table)
    left_out = _left_out(table) | _of_two_kinds(event_layout, item_layout)
    for schema, statistics in ((event_layout, events), (item_layout, catalogue)):
        domains = _domains(statistics)
        by_name = {".".join(f.path.step): f for f in statistics.datasets[0].features}
        for laid_out in schema.feature:
            name = laid_out.name
            if name not in left_out and _is_there(by_name.get(name)):
                feature = inferred.setdefault(name, schema_pb2.Feature(name=name))
                _widen(feature, laid_out, by_name[name], domains.get(name))
                comments.setdefault(name, []).append(_seen(by_name[name], laid_out.type))
    counts = " and ".join(
        f"{of.datasets[0].num_examples:,} {what}"
        for of, what in ((events, "events"), (catalogue, "catalogue items"))
    )
    blocks = [
        "".join(f"# {comment}\n" for comment in comments[feature.name])
        + text_format.MessageToString(schema_pb2.Schema(feature=[feature]), as_utf8=True)
        for feature in inferred.values()
        if len(feature.ListFields()) > 1
    ]
    return "\n".join([_HEADER.format(source=source, counts=counts), *blocks])


def _left_out(table: FeatureTable) -> set[str]:
    """Ids, text, and the times of items, of which any may be fit."""
    kinds = (FeatureKind.TEXT, FeatureKind.TIMESTAMP)
    return {
        USER_ID,
        ITEM_ID,
        AVAILABLE_AT,
        *(feature.name for feature in table.item if feature.kind in kinds),
    }


def _of_two_kinds(events: schema_pb2.Schema, items: schema_pb2.Schema) -> set[str]:
    """Names that stand for different kinds of values in the two layouts: no domain fits both."""
    layouts = {
        feature.name: (feature.type, feature.HasField("shape")) for feature in events.feature
    }
    return {
        feature.name
        for feature in items.feature
        if layouts.get(feature.name) not in (None, (feature.type, feature.HasField("shape")))
    }


def _is_there(statistics: Statistics | None) -> bool:
    """Whether any value is there: the layouts fill in what a log does not have."""
    if statistics is None:
        return False
    if statistics.HasField("num_stats"):
        return any(histogram.buckets for histogram in statistics.num_stats.histograms)
    return any(bucket.label for bucket in statistics.string_stats.rank_histogram.buckets)


def _domains(statistics: DatasetStatistics) -> dict[str, list[str]]:
    """The values of each feature that has few."""
    schema = tfdv.infer_schema(
        statistics, infer_feature_shape=False, max_string_domain_size=MAX_DOMAIN_VALUES
    )
    named = {domain.name: list(domain.value) for domain in schema.string_domain}
    return {f.name: named[f.domain] for f in schema.feature if f.domain in named}


def _widen(
    feature: schema_pb2.Feature,
    laid_out: schema_pb2.Feature,
    statistics: Statistics,
    values: list[str] | None,
) -> None:
    """Adds what the statistics say of a feature to what is known of it."""
    if laid_out.type == schema_pb2.BYTES:
        if values is not None:
            known = set(feature.string_domain.value)
            feature.string_domain.value[:] = sorted(known | set(values), key=lambda v: (v == "", v))
    else:
        _widen_range(feature, laid_out, statistics.num_stats)
    if not laid_out.HasField("shape"):
        present = statistics.string_stats.common_stats.num_non_missing
        absent = statistics.string_stats.common_stats.num_missing
        feature.presence.min_fraction = _tenth_below(present / max(1, present + absent))
    if laid_out.HasField("drift_comparator"):
        feature.drift_comparator.CopyFrom(laid_out.drift_comparator)


def _widen_range(
    feature: schema_pb2.Feature,
    laid_out: schema_pb2.Feature,
    numbers: statistics_pb2.NumericStatistics,
) -> None:
    """From the least to the greatest number; times from the first year on, without an end."""
    if laid_out.type == schema_pb2.FLOAT:
        domain = feature.float_domain
        domain.min = min(numbers.min, domain.min) if domain.HasField("min") else numbers.min
        domain.max = max(numbers.max, domain.max) if domain.HasField("max") else numbers.max
    elif laid_out.name == TIMESTAMP:
        first_year = datetime(_instant(numbers.min).year, 1, 1, tzinfo=timezone.utc)
        feature.int_domain.min = int(first_year.timestamp())


def _tenth_below(fraction: float) -> float:
    """The next tenth below: a presence that a few more items without a value still satisfy."""
    return max(0, math.ceil(10 * fraction - 1e-9) - 1) / 10


def _seen(statistics: Statistics, dtype: "schema_pb2.FeatureType.ValueType") -> str:
    """What was seen, as a comment."""
    if dtype == schema_pb2.BYTES:
        found = statistics.string_stats
        total = found.common_stats.tot_num_values
        many = ", too many for a domain" if found.unique > MAX_DOMAIN_VALUES else ""
        most = ", ".join(
            f"{json.dumps(top.value, ensure_ascii=False)} {top.frequency / total:.1%}"
            for top in found.top_values[:3]
        )
        return f"seen: {found.unique:,} value(s){many}; most often {most}"
    numbers = statistics.num_stats
    if dtype == schema_pb2.INT:
        return f"seen: {_instant(numbers.min):%Y-%m-%d} to {_instant(numbers.max):%Y-%m-%d}"
    missing = numbers.histograms[0].num_nan / numbers.common_stats.tot_num_values
    return (
        f"seen: {numbers.min:g} to {numbers.max:g}, median {numbers.median:g}, "
        f"missing {missing:.1%}"
    )


def _instant(timestamp_s: float) -> datetime:
    return datetime.fromtimestamp(timestamp_s, timezone.utc)
