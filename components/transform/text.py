"""Converts text and lists of categories to bags of strings."""

import tensorflow as tf
import tensorflow_transform as tft

from schemas.features import MISSING_TEXT

# RE2 has no Unicode \w: words consist of letters, combining marks and numbers.
NON_WORD = r"[^\p{L}\p{M}\p{N}]+"


def tokens(x: tf.Tensor) -> tf.SparseTensor:
    """Splits text into lower-case words.

    Args:
      x: [batch, 1] UTF-8 string.

    Returns:
      [batch, max_words] sparse string, left-aligned; a row without words is empty.
    """
    lowered = tf.strings.lower(tf.reshape(x, [-1]), encoding="utf-8")
    words = tf.strings.regex_replace(lowered, NON_WORD, " ")
    return tf.strings.split(words).to_sparse()


def without_missing(x: tf.SparseTensor) -> tf.SparseTensor:
    """Removes the "" padding of a request's list, so that it equals the bag in the training data.

    Args:
      x: [batch, n] sparse string.

    Returns:
      [batch, n] sparse string, left-aligned.
    """
    kept = tf.sparse.retain(x, tf.not_equal(x.values, MISSING_TEXT))
    return tft.sparse_tensor_left_align(kept)
