"""Requests that lack inputs, made whole: the bare default request and the serialised tf.Example."""

import tensorflow as tf

from schemas import serving

Tensors = dict[str, tf.Tensor]


def with_missing(inputs: Tensors, specs: serving.Specs) -> Tensors:
    """Adds what a request does not say, as missing values.

    Args:
      inputs: At least `user_id` [B] and `history_item_id` [B, H].
      specs: The inputs to give; those with two dimensions are all [B, H].
    """
    shape = tf.shape(inputs[serving.HISTORY_ITEM_ID])
    return {
        name: inputs[name] if name in inputs else _missing(spec, shape[: spec.shape.rank])
        for name, spec in specs.items()
    }


def parse_requests(examples: tf.Tensor, specs: serving.Specs, min_history: int) -> Tensors:
    """Reads requests from serialised tf.Examples in which every feature is optional.

    The features are named as the inputs of `recommend`; integers are int64.

    Args:
      examples: [B] string.
      specs: The inputs of `recommend`.
      min_history: The history is padded to at least this many columns.

    Returns:
      A tensor for each of `specs`; the history's share one width.
    """
    layout = {name: _layout(spec) for name, spec in specs.items()}
    parsed = tf.io.parse_example(examples, layout)
    dense = {}
    for name, spec in specs.items():
        value = parsed[name]
        if isinstance(value, tf.SparseTensor):
            value = tf.sparse.to_dense(value, serving.missing_value(spec))
        dense[name] = _as_int32(value) if spec.dtype == tf.int32 else value
    history = [name for name in specs if _is_history(name, specs)]
    width = tf.reduce_max([min_history, *(tf.shape(dense[name])[1] for name in history)])
    for name in history:
        padding = [[0, 0], [0, width - tf.shape(dense[name])[1]]]
        filler = tf.constant(serving.missing_value(specs[name]), specs[name].dtype)
        dense[name] = tf.pad(dense[name], padding, constant_values=filler)
    return dense


def _is_history(name: str, specs: serving.Specs) -> bool:
    return name.startswith(serving.HISTORY_PREFIX) and specs[name].shape.rank == 2


def _layout(spec: tf.TensorSpec) -> tf.io.VarLenFeature | tf.io.FixedLenFeature:
    dtype = tf.int64 if spec.dtype == tf.int32 else spec.dtype
    if spec.shape.rank == 2:
        return tf.io.VarLenFeature(dtype)
    return tf.io.FixedLenFeature([], dtype, serving.missing_value(spec))


def _as_int32(values: tf.Tensor) -> tf.Tensor:
    """The nearest int32 of each int64: a cast alone makes 0 of 2 ** 32."""
    return tf.cast(tf.clip_by_value(values, tf.int32.min, tf.int32.max), tf.int32)


def _missing(spec: tf.TensorSpec, shape: tf.Tensor) -> tf.Tensor:
    return tf.fill(shape, tf.constant(serving.missing_value(spec), spec.dtype))
