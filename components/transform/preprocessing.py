"""The preprocessing functions of the two Transform components.

Their outputs are described in `schemas.transformed`. TFX loads the functions by dotted path and
reloads this module, so it contains only functions.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import tensorflow as tf

from components.negative_events_graph import negative_states
from components.transform.numeric import days_since_epoch, quantile_bucket, standard_score
from components.transform.text import tokens, without_missing
from components.transform.vocabularies import count_vocabulary, index_by_vocabulary
from schemas.features import (
    AVAILABLE_AT,
    EVENT_TYPE,
    IS_TARGET,
    ITEM_ID,
    TIMESTAMP,
    USER_ID,
    VALUE,
    Feature,
    FeatureTable,
    feature_table,
)
from schemas.settings import DataSettings, from_json
from schemas.source_settings import FeatureKind
from schemas.target_settings import NegativeSettings
from schemas.transformed import (
    CATEGORY_VOCABULARY_SIZE,
    EVENT_TYPE_VOCABULARY,
    IS_NEGATIVE,
    ITEM_VOCABULARY,
    TEXT_VOCABULARY_SIZE,
    USER_VOCABULARY,
    bucket_name,
)

Tensors: TypeAlias = dict[str, tf.Tensor | tf.SparseTensor]


def windows_preprocessing_fn(
    inputs: Mapping[str, Any], custom_config: Mapping[str, Any]
) -> Tensors:
    """Transforms raw windows.

    Windows overlap, so statistics are computed over target events only: each kept event of a
    target type is a target exactly once. User ids and user features are weighted by the number of
    targets in the window. The vocabulary of event types is computed over all events instead, so
    that it includes types that are never a target.

    Args:
      inputs: Features of `schemas.tfmd.windows_schema`: `user_id` and user features [batch, 1]
        dense, event features [batch, n] sparse and aligned with each other.
      custom_config: "data": canonical JSON of `DataSettings`.

    Returns:
      The features of `schemas.transformed`, each as dense or sparse as its input.
    """
    is_target = inputs[IS_TARGET]
    target_weights = is_target.values
    num_targets = tf.reduce_sum(tf.sparse.to_dense(is_target), axis=1)
    user_weights = num_targets[:, tf.newaxis]
    user_id, item_id = inputs[USER_ID], inputs[ITEM_ID]
    event_type = inputs[EVENT_TYPE]

    count_vocabulary(ITEM_VOCABULARY, item_id.values, target_weights)
    count_vocabulary(USER_VOCABULARY, user_id, user_weights)
    outputs: Tensors = {
        USER_ID: user_id,
        ITEM_ID: item_id,
        TIMESTAMP: inputs[TIMESTAMP],
        IS_TARGET: is_target,
        EVENT_TYPE: index_by_vocabulary(
            event_type, EVENT_TYPE_VOCABULARY, counted=event_type.values
        ),
        **_number(VALUE, inputs[VALUE], target_weights),
    }
    data = from_json(DataSettings, custom_config["data"])
    if data.targets.negative is not None:
        outputs[IS_NEGATIVE] = _negative_states(data.targets.negative, event_type, inputs[VALUE])
    table = feature_table(data)
    for feature in table.user:
        outputs |= _single(feature, inputs[feature.key], user_weights)
    for feature in table.context:
        outputs |= _single(feature, inputs[feature.key], target_weights)
    return outputs


def catalogue_preprocessing_fn(
    inputs: Mapping[str, Any], custom_config: Mapping[str, Any]
) -> Tensors:
    """Transforms the raw catalogue; statistics weight every item equally.

    Args:
      inputs: Features of `schemas.tfmd.catalogue_schema`: single values [batch, 1] dense,
        `categories` [batch, n] sparse.
      custom_config: "data": canonical JSON of `DataSettings`.

    Returns:
      The features of `schemas.transformed`: text and `categories` sparse, the others dense.
    """
    outputs: Tensors = {ITEM_ID: inputs[ITEM_ID], AVAILABLE_AT: inputs[AVAILABLE_AT]}
    for feature in _table(custom_config).item:
        x = inputs[feature.key]
        if feature.kind is FeatureKind.TEXT:
            outputs[feature.key] = _bag(feature, tokens(x, feature.tokens), TEXT_VOCABULARY_SIZE)
        elif feature.kind is FeatureKind.CATEGORIES:
            outputs[feature.key] = _bag(feature, without_missing(x), CATEGORY_VOCABULARY_SIZE)
        elif feature.kind is FeatureKind.TIMESTAMP:
            outputs |= _number(feature.key, days_since_epoch(x), tf.ones_like(x))
        else:
            outputs |= _single(feature, x, tf.ones_like(x, tf.int64))
    return outputs


def _negative_states(
    settings: NegativeSettings, event_type: tf.SparseTensor, value: tf.SparseTensor
) -> tf.SparseTensor:
    states = negative_states(settings, event_type.values, value.values)
    return tf.SparseTensor(event_type.indices, states, event_type.dense_shape)


def _table(custom_config: Mapping[str, Any]) -> FeatureTable:
    return feature_table(from_json(DataSettings, custom_config["data"]))


def _single(feature: Feature, x: tf.Tensor | tf.SparseTensor, weights: tf.Tensor) -> Tensors:
    """Transforms a `category` or `number` with one value per event, window or item."""
    if feature.kind is FeatureKind.NUMBER:
        return _number(feature.key, x, weights)
    counted = x.values if isinstance(x, tf.SparseTensor) else x
    return {feature.key: index_by_vocabulary(x, feature.key, counted=counted, weights=weights)}


def _number(key: str, x: tf.Tensor | tf.SparseTensor, weights: tf.Tensor) -> Tensors:
    values = x.values if isinstance(x, tf.SparseTensor) else x
    sample = tf.repeat(tf.reshape(values, [-1]), tf.reshape(weights, [-1]))
    return {key: standard_score(x, sample), bucket_name(key): quantile_bucket(x, sample)}


def _bag(feature: Feature, x: tf.SparseTensor, top_k: int) -> tf.SparseTensor:
    return index_by_vocabulary(x, feature.key, counted=x.values, top_k=top_k)
