"""Strings to rows, in the graph."""

import numpy as np
import tensorflow as tf


def lookup_table(keys: np.ndarray, default: int) -> tf.lookup.StaticHashTable:
    """A table from keys[i] to i.

    The keys lie in the graph, not in a text file, whose lines could not hold every id.

    Args:
      keys: [num_keys] bytes, each once.
      default: The row of every other string.

    Returns:
      A table of string to int32.
    """
    initializer = tf.lookup.KeyValueTensorInitializer(
        tf.constant(keys, tf.string), tf.range(len(keys))
    )
    return tf.lookup.StaticHashTable(initializer, default)
