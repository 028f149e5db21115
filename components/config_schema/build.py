"""Derives the schemas from the settings and completes them by a curated file.

The merging rule. The configuration lays down what a row looks like: type, shape, value count, and
the presence of single values. The curated file adds what values are fit (domains, distribution
constraints, limits on drift and skew) and which features a serving request lacks, to `events` and
`catalogue`, by feature name. It may repeat the layout but not contradict it, and may name no
feature that the configuration lacks.
`windows` takes the layout alone: nothing computes statistics over it.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_schema.environments import (
    check_default_environments,
    complete_environments,
)
from schemas import tfmd
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, VALUE, FeatureTable

# The largest change in the share of any one value between what serves and the new data.
DEFAULT_CATEGORY_DRIFT = 0.3
# The largest Jensen-Shannon divergence, in bits, between the deciles of numbers then and now. In
# simulated logs (normal, heavy-tailed, ratings) halves of one log of 200 events stayed below 0.17,
# while values in another unit or half of them turned to zero were above 0.35. Buckets of equal
# width, TFDV's default, are no measure of heavy tails: one outlier moves all else into one bucket.
DEFAULT_NUMBER_DRIFT = 0.3

_COMPLETED = (
    "presence",
    "distribution_constraints",
    "drift_comparator",
    "skew_comparator",
    "annotation",
    "unique_constraints",
)
_LAYOUT = ("type", "shape", "value_count")
_ENVIRONMENTS = ("in_environment", "not_in_environment")
_TOP_LEVEL = ("feature", "string_domain", "default_environment")


@dataclass(frozen=True)
class DataSchemas:
    """The schema of each example layout (`schemas.tfmd`)."""

    windows: schema_pb2.Schema
    events: schema_pb2.Schema
    catalogue: schema_pb2.Schema


def read_curated(path: str) -> schema_pb2.Schema:
    """Reads a curated schema, a `Schema` of TensorFlow Metadata in text format.

    Raises:
      InputError: The file is missing or is not a schema.
    """
    if not tf.io.gfile.exists(path):
        raise InputError(f"schema: there is no file {path}; correct the path or leave the key out")
    with tf.io.gfile.GFile(path, "r") as file:
        text = file.read()
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise InputError(
            f"{path} is not a TensorFlow Metadata schema in text format: {error} "
            "(line:column : what is wrong)"
        ) from error


def build_schemas(table: FeatureTable, curated: schema_pb2.Schema | None) -> DataSchemas:
    """Builds the schemas of the three example layouts.

    Args:
      table: The features of the configuration.
      curated: What completes them, or None.

    Returns:
      The schemas; `events` has limits on the drift of every feature but ids and times: the
      curated ones where there are some, else DEFAULT_CATEGORY_DRIFT or DEFAULT_NUMBER_DRIFT.

    Raises:
      InputError: The curated schema names a feature, a shared domain or an environment that does
        not exist, contradicts the layout, or sets a field that is not read.
    """
    events, catalogue = tfmd.events_schema(table), tfmd.catalogue_schema(table)
    if curated is not None:
        _check_top_level(curated)
        targets: dict[str, list[schema_pb2.Feature]] = {}
        for name, feature in _named(events, catalogue):
            targets.setdefault(name, []).append(feature)
        for feature in curated.feature:
            for target in _find(feature.name, targets):
                _complete(target, feature, curated)
    limit_drift(events, table)
    return DataSchemas(tfmd.windows_schema(table), events, catalogue)


def _named(*schemas: schema_pb2.Schema) -> Iterator[tuple[str, schema_pb2.Feature]]:
    for schema in schemas:
        for feature in schema.feature:
            yield feature.name, feature


def _check_top_level(curated: schema_pb2.Schema) -> None:
    for field, _ in curated.ListFields():
        if field.name not in _TOP_LEVEL:
            raise InputError(
                f"curated schema: `{field.name}` is not read; keep to {', '.join(_TOP_LEVEL)}"
            )
    check_default_environments(curated)


def _find(name: str, targets: dict[str, list[schema_pb2.Feature]]) -> list[schema_pb2.Feature]:
    if name in targets:
        return targets[name]
    nearest = difflib.get_close_matches(name, targets, n=1, cutoff=0.0)[0]
    raise InputError(
        f"curated schema: feature {name!r} is not a feature of this configuration (nearest: "
        f"{nearest!r}; all: {', '.join(targets)}); correct the name or remove it"
    )


def _complete(
    target: schema_pb2.Feature, feature: schema_pb2.Feature, curated: schema_pb2.Schema
) -> None:
    """Adds to `target` what `feature` says beyond the layout."""
    complete_environments(target, feature)
    for field, value in feature.ListFields():
        oneof = field.containing_oneof
        if field.name in ("name", *_ENVIRONMENTS):
            continue
        if field.name in _LAYOUT or (field.name == "presence" and target.HasField("shape")):
            _check_repeats(target, feature, field.name)
        elif field.name == "domain":
            target.string_domain.CopyFrom(_shared_domain(feature, curated))
        elif field.name in _COMPLETED or (oneof is not None and oneof.name == "domain_info"):
            getattr(target, field.name).CopyFrom(value)
        else:
            raise InputError(
                f"curated schema: feature {feature.name!r} sets `{field.name}`, which is not "
                "read; remove it"
            )


def _check_repeats(target: schema_pb2.Feature, feature: schema_pb2.Feature, field: str) -> None:
    got, expected = getattr(feature, field), getattr(target, field)
    if got != expected:
        raise InputError(
            f"curated schema: feature {feature.name!r} has {field} {_text(field, got)}, but the "
            f"configuration makes it {_text(field, expected)}; remove `{field}` from the file or "
            "change the feature's kind in the configuration"
        )


def _text(field: str, value: object) -> str:
    if field == "type":
        return schema_pb2.FeatureType.Name(value)
    return "{" + " ".join(str(value).split()) + "}"


def _shared_domain(
    feature: schema_pb2.Feature, curated: schema_pb2.Schema
) -> schema_pb2.StringDomain:
    for domain in curated.string_domain:
        if domain.name == feature.domain:
            return domain
    known = ", ".join(domain.name for domain in curated.string_domain) or "none"
    raise InputError(
        f"curated schema: feature {feature.name!r} refers to domain {feature.domain!r}, which the "
        f"file does not define (it defines: {known}); add a `string_domain` of that name"
    )


def limit_drift(events: schema_pb2.Schema, table: FeatureTable) -> None:
    """Sets the default limit where a feature that is neither an id nor a time has none."""
    declared = (*table.user, *table.context)
    numbers = {VALUE, *(feature.name for feature in declared if feature.is_number)}
    categories = {EVENT_TYPE, *(feature.name for feature in declared)} - numbers
    for name, feature in _named(events):
        if feature.HasField("drift_comparator"):
            continue
        if name in categories:
            feature.drift_comparator.infinity_norm.threshold = DEFAULT_CATEGORY_DRIFT
        elif name in numbers:
            divergence = feature.drift_comparator.jensen_shannon_divergence
            divergence.threshold = DEFAULT_NUMBER_DRIFT
            divergence.source.type = schema_pb2.HistogramSelection.QUANTILES
