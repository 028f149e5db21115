"""Completes requests whose inputs are optional: the default request and serialised tf.Examples."""

import tensorflow as tf

from schemas import serving, serving_specs

Tensors = dict[str, tf.Tensor]


def fill_missing(inputs: Tensors, specs: serving_specs.Specs) -> Tensors:
    """Returns all inputs of `specs`; those that a request omits are filled with missing values.

    Args:
      inputs: At least `user_id` [B] and `history_item_id` [B, H].
      specs: The inputs to return; all two-dimensional ones have the shape [B, H].
    """
    shape = tf.shape(inputs[serving.HISTORY_ITEM_ID])
    return {
        name: inputs[name] if name in inputs else _filled(spec, shape[: spec.shape.rank])
        for name, spec in specs.items()
    }


def parse_requests(examples: tf.Tensor, specs: serving_specs.Specs, min_history: int) -> Tensors:
    """Parses requests from serialised tf.Examples in which every feature is optional.

    The features have the names of the inputs of `recommend`; integers are int64.

    Args:
      examples: [B] string.
      specs: The inputs of `recommend`.
      min_history: Minimum number of columns of the history, which is padded.

    Returns:
      A tensor for each of `specs`; all history inputs have the same width.
    """
    features = {name: _feature(spec) for name, spec in specs.items()}
    parsed = tf.io.parse_example(examples, features)
    dense = {}
    for name, spec in specs.items():
        value = parsed[name]
        if isinstance(value, tf.SparseTensor):
            value = tf.sparse.to_dense(value, serving_specs.missing_value(spec))
        dense[name] = _as_int32(value) if spec.dtype == tf.int32 else value
    history = [name for name in specs if _is_history(name, specs)]
    width = tf.reduce_max([min_history, *(tf.shape(dense[name])[1] for name in history)])
    for name in history:
        padding = [[0, 0], [0, width - tf.shape(dense[name])[1]]]
        missing = tf.constant(serving_specs.missing_value(specs[name]), specs[name].dtype)
        dense[name] = tf.pad(dense[name], padding, constant_values=missing)
    return dense


def _is_history(name: str, specs: serving_specs.Specs) -> bool:
    return name.startswith(serving.HISTORY_PREFIX) and specs[name].shape.rank == 2


def _feature(spec: tf.TensorSpec) -> tf.io.VarLenFeature | tf.io.FixedLenFeature:
    dtype = tf.int64 if spec.dtype == tf.int32 else spec.dtype
    if spec.shape.rank == 2:
        return tf.io.VarLenFeature(dtype)
    return tf.io.FixedLenFeature([], dtype, serving_specs.missing_value(spec))


def _as_int32(values: tf.Tensor) -> tf.Tensor:
    """Clips int64 values to int32; a cast alone would turn 2 ** 32 into 0."""
    return tf.cast(tf.clip_by_value(values, tf.int32.min, tf.int32.max), tf.int32)


def _filled(spec: tf.TensorSpec, shape: tf.Tensor) -> tf.Tensor:
    return tf.fill(shape, tf.constant(serving_specs.missing_value(spec), spec.dtype))
