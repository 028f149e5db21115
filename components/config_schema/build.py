"""Derives the data schemas from the configuration and merges a curated schema into them.

The configuration defines the layout of a row: type, shape, value count, and the presence of single
values. The curated schema adds the valid values (domains, distribution constraints, limits on drift
and skew) and the features that are missing from serving requests. It is merged into `events` and
`catalogue` by `Feature.label`. It may repeat the layout but not contradict it, and may contain only
features of the configuration.
`windows` has the layout only, because no statistics are computed for it.
"""

import difflib
from dataclasses import dataclass

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components import files
from components.config_schema.environments import (
    check_default_environments,
    merge_environments,
)
from schemas import tfmd
from schemas.errors import InputError
from schemas.features import EVENT_TYPE, VALUE, FeatureTable

# Limit of the change in the share of any value, between the events that the currently served model
# was trained on and the new events.
DEFAULT_CATEGORY_DRIFT = 0.3
# Limit of the Jensen-Shannon divergence, in bits, between the deciles of the reference and of the
# new values. In simulated logs (normal, heavy-tailed, ratings) of 200 events, two halves of one log
# stayed below 0.17; a change of unit, or half of the values set to zero, gave more than 0.35.
# Buckets of equal width, TFDV's default, do not suit heavy tails: with one outlier, all other
# values fall into one bucket.
DEFAULT_NUMBER_DRIFT = 0.3

_COPIED_FIELDS = (
    "presence",
    "distribution_constraints",
    "drift_comparator",
    "skew_comparator",
    "annotation",
    "unique_constraints",
)
_LAYOUT_FIELDS = ("type", "shape", "value_count")
_ENVIRONMENT_FIELDS = ("in_environment", "not_in_environment")
_SCHEMA_FIELDS = ("feature", "string_domain", "default_environment")


@dataclass(frozen=True)
class DataSchemas:
    """The schemas of the three example layouts (`schemas.tfmd`)."""

    windows: schema_pb2.Schema
    events: schema_pb2.Schema
    catalogue: schema_pb2.Schema


def read_curated_schema(path: str) -> schema_pb2.Schema:
    """Reads a curated schema, a TensorFlow Metadata `Schema` in text format.

    Raises:
      InputError: The file does not exist or is not a schema.
    """
    if not files.exists(path):
        raise InputError(f"schema: there is no file {path}; correct the path or remove the key")
    try:
        return text_format.Parse(files.read_text(path), schema_pb2.Schema())
    except text_format.ParseError as error:
        raise InputError(
            f"{path} is not a TensorFlow Metadata schema in text format: {error} "
            "(line:column : error)"
        ) from error


def build_schemas(table: FeatureTable, curated: schema_pb2.Schema | None) -> DataSchemas:
    """Builds the schemas of the three example layouts.

    Args:
      table: The features of the configuration.
      curated: The curated schema to merge into `events` and `catalogue`, or None.

    Returns:
      The schemas. `events` has a drift limit for every feature except ids and times: the curated
      limit if there is one, otherwise DEFAULT_CATEGORY_DRIFT or DEFAULT_NUMBER_DRIFT.

    Raises:
      InputError: The curated schema contains an unknown feature, shared domain or environment,
        contradicts the layout, or sets an unsupported field.
    """
    events, catalogue = tfmd.events_schema(table), tfmd.catalogue_schema(table)
    if curated is not None:
        _check_schema_fields(curated)
        targets: dict[str, list[schema_pb2.Feature]] = {}
        for schema, labels in ((events, table.event_labels), (catalogue, table.item_labels)):
            for feature in schema.feature:
                label = labels.get(feature.name, feature.name)
                targets.setdefault(label, []).append(feature)
        for feature in curated.feature:
            for target in _find_targets(feature.name, targets):
                _merge_feature(target, feature, curated)
    set_default_drift_limits(events, table)
    return DataSchemas(tfmd.windows_schema(table), events, catalogue)


def _check_schema_fields(curated: schema_pb2.Schema) -> None:
    for field, _ in curated.ListFields():
        if field.name not in _SCHEMA_FIELDS:
            raise InputError(
                f"curated schema: `{field.name}` is not supported; remove it (supported: "
                f"{', '.join(_SCHEMA_FIELDS)})"
            )
    check_default_environments(curated)


def _find_targets(
    name: str, targets: dict[str, list[schema_pb2.Feature]]
) -> list[schema_pb2.Feature]:
    if name in targets:
        return targets[name]
    nearest = difflib.get_close_matches(name, targets, n=1, cutoff=0.0)[0]
    raise InputError(
        f"curated schema: feature {name!r} is not a feature of this configuration (nearest: "
        f"{nearest!r}; all: {', '.join(targets)}); correct the name or remove it"
    )


def _merge_feature(
    target: schema_pb2.Feature, feature: schema_pb2.Feature, curated: schema_pb2.Schema
) -> None:
    """Merges a curated feature into `target`, a feature with the layout of the configuration."""
    merge_environments(target, feature)
    for field, value in feature.ListFields():
        oneof = field.containing_oneof
        if field.name in ("name", *_ENVIRONMENT_FIELDS):
            continue
        if field.name in _LAYOUT_FIELDS or (field.name == "presence" and target.HasField("shape")):
            _check_equal(target, feature, field.name)
        elif field.name == "domain":
            target.string_domain.CopyFrom(_shared_domain(feature, curated))
        elif field.name in _COPIED_FIELDS or (oneof is not None and oneof.name == "domain_info"):
            getattr(target, field.name).CopyFrom(value)
        else:
            raise InputError(
                f"curated schema: feature {feature.name!r} sets `{field.name}`, which is not "
                "supported; remove it"
            )


def _check_equal(target: schema_pb2.Feature, feature: schema_pb2.Feature, field: str) -> None:
    found, expected = getattr(feature, field), getattr(target, field)
    if found != expected:
        raise InputError(
            f"curated schema: feature {feature.name!r} has {field} {_format(field, found)}, but "
            f"the configuration requires {_format(field, expected)}; remove `{field}` from the "
            "file or change the feature's kind in the configuration"
        )


def _format(field: str, value: object) -> str:
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


def set_default_drift_limits(events: schema_pb2.Schema, table: FeatureTable) -> None:
    """Sets the default drift limit of each feature of `events`, except ids and times, without one.

    Args:
      events: The schema to change.
      table: The features of the configuration.
    """
    declared = (*table.user, *table.context)
    numbers = {VALUE, *(feature.key for feature in declared if feature.is_number)}
    categories = {EVENT_TYPE, *(feature.key for feature in declared)} - numbers
    for feature in events.feature:
        if feature.HasField("drift_comparator"):
            continue
        if feature.name in categories:
            feature.drift_comparator.infinity_norm.threshold = DEFAULT_CATEGORY_DRIFT
        elif feature.name in numbers:
            divergence = feature.drift_comparator.jensen_shannon_divergence
            divergence.threshold = DEFAULT_NUMBER_DRIFT
            divergence.source.type = schema_pb2.HistogramSelection.QUANTILES
