"""Inputs of the signatures of the pushed model: names, dtypes and shapes of their tensors.

TF Serving before 2.12 has no default inputs, so a dense signature takes every tensor, and a missing
value is "" (strings), -1 (integers) or NaN (floats). `None` in a shape is the batch size B, the
history length H, or the width of an exclusion or filter list.

The inputs of requests have the user's names of the features. The name of a `TensorSpec` has the
feature's key in their place, for the graph (`components.signature_inputs` connects the two).
"""

import tensorflow as tf

from schemas.feature_names import CONDITION_PREFIX
from schemas.features import (
    AS_OF,
    AVAILABLE_AT,
    ITEM_ID,
    MISSING_INTEGER,
    MISSING_NUMBER,
    MISSING_TEXT,
    USER_ID,
    Feature,
    FeatureTable,
)
from schemas.serving import (
    BOOST_PREFIX,
    EXAMPLES,
    EXCLUDE_ITEM_ID,
    FILTER_PREFIX,
    HISTORY_EVENT_TYPE,
    HISTORY_ITEM_ID,
    HISTORY_PREFIX,
    HISTORY_TIMESTAMP,
    HISTORY_VALUE,
    MAX_SUFFIX,
    MIN_SUFFIX,
    OUTPUT_EMBEDDING,
    REQUEST_TIMESTAMP,
    RESTRICT_ITEM_ID,
    K,
)
from schemas.source_settings import FeatureKind

Specs = dict[str, tf.TensorSpec]


def default_specs() -> Specs:
    """Inputs of `serving_default`: user_id string[B], history_item_id string[B, H]."""
    return {
        USER_ID: tf.TensorSpec([None], tf.string, USER_ID),
        HISTORY_ITEM_ID: tf.TensorSpec([None, None], tf.string, HISTORY_ITEM_ID),
    }


def query_specs(table: FeatureTable) -> Specs:
    """Inputs of `query_embedding`: the history, context and features of a user at a request."""
    specs = {
        **default_specs(),
        REQUEST_TIMESTAMP: tf.TensorSpec([None], tf.int64, REQUEST_TIMESTAMP),
        HISTORY_TIMESTAMP: tf.TensorSpec([None, None], tf.int64, HISTORY_TIMESTAMP),
        HISTORY_EVENT_TYPE: tf.TensorSpec([None, None], tf.string, HISTORY_EVENT_TYPE),
        HISTORY_VALUE: tf.TensorSpec([None, None], tf.float32, HISTORY_VALUE),
    }
    for feature in table.context:
        specs[HISTORY_PREFIX + feature.name] = tf.TensorSpec(
            [None, None], dtype(feature), HISTORY_PREFIX + feature.key
        )
    for feature in (*table.context, *table.user):
        specs[feature.name] = tf.TensorSpec([None], dtype(feature), feature.key)
    return specs


def recommend_specs(table: FeatureTable) -> Specs:
    """Inputs of `recommend`: the query, exclusions, filters, weights and k per row.

    The filters are the wanted values of categories, and the lowest and highest values of numbers.
    """
    specs = query_specs(table)
    for name in (EXCLUDE_ITEM_ID, RESTRICT_ITEM_ID):
        specs[name] = tf.TensorSpec([None, None], tf.string, name)
    for feature in table.item_filters:
        specs[FILTER_PREFIX + feature.name] = tf.TensorSpec(
            [None, None], tf.string, FILTER_PREFIX + feature.key
        )
    for feature in table.item_numbers:
        for suffix in (MIN_SUFFIX, MAX_SUFFIX):
            specs[FILTER_PREFIX + feature.name + suffix] = tf.TensorSpec(
                [None], dtype(feature), f"{CONDITION_PREFIX}{feature.key}{suffix}"
            )
        specs[BOOST_PREFIX + feature.name] = tf.TensorSpec(
            [None], tf.float32, f"{CONDITION_PREFIX}{feature.key}_boost"
        )
    specs[K] = tf.TensorSpec([None], tf.int32, K)
    return specs


def candidate_specs(table: FeatureTable) -> Specs:
    """Inputs of `candidate_embedding`: raw item features; categories are [B, C] padded with ""."""
    specs = {ITEM_ID: tf.TensorSpec([None], tf.string, ITEM_ID)}
    for feature in table.item:
        shape = [None, None] if feature.kind is FeatureKind.CATEGORIES else [None]
        specs[feature.name] = tf.TensorSpec(shape, dtype(feature), feature.key)
    return specs


def candidate_as_of_specs(table: FeatureTable) -> Specs:
    """Inputs of `candidate_embedding_as_of`: the candidates, their start times and an instant.

    Times are in seconds since the epoch, UTC: available_at int64[B], -1 where unknown;
    as_of_s int64[], -1 for the instant of the model itself.
    """
    return {
        **candidate_specs(table),
        AVAILABLE_AT: tf.TensorSpec([None], tf.int64, AVAILABLE_AT),
        AS_OF: tf.TensorSpec([], tf.int64, AS_OF),
    }


def similar_specs() -> Specs:
    """Inputs of `similar_items`: item_id string[B]."""
    return {ITEM_ID: tf.TensorSpec([None], tf.string, ITEM_ID)}


def item_query_specs(width: int) -> Specs:
    """Inputs of `item_query`: the embedding of a candidate, float32[B, width]."""
    return {OUTPUT_EMBEDDING: tf.TensorSpec([None, width], tf.float32, OUTPUT_EMBEDDING)}


def examples_specs() -> Specs:
    """Inputs of `recommend_examples`: serialised tf.Examples, every feature optional."""
    return {EXAMPLES: tf.TensorSpec([None], tf.string, EXAMPLES)}


def dtype(feature: Feature) -> tf.DType:
    """The dtype of a raw feature in requests and examples."""
    if feature.is_timestamp:
        return tf.int64
    return tf.float32 if feature.is_number else tf.string


def missing_value(spec: tf.TensorSpec) -> str | int | float:
    """The value that a request sends in place of a missing one."""
    if spec.dtype == tf.string:
        return MISSING_TEXT
    return MISSING_NUMBER if spec.dtype.is_floating else MISSING_INTEGER
