"""Maps strings to indices by vocabularies that TFT computes over the data."""

from typing import TypeAlias

import tensorflow as tf
import tensorflow_transform as tft

from schemas.features import MISSING_TEXT
from schemas.transformed import CATEGORY_VOCABULARY_SIZE, COUNTS_FORMAT, VOCABULARY_FORMAT

StringTensor: TypeAlias = tf.Tensor | tf.SparseTensor

# TFT writes this entry to a vocabulary without entries, because a lookup table cannot be empty.
EMPTY_VOCABULARY_ENTRY = b"49d0cd50-04bb-48c0-bc6f-5b575dce351a"


def index_by_vocabulary(
    x: StringTensor,
    name: str,
    *,
    counted: tf.Tensor,
    weights: tf.Tensor | None = None,
    top_k: int | None = CATEGORY_VOCABULARY_SIZE,
) -> StringTensor:
    """Replaces each string by its index in the vocabulary `name`.

    The vocabulary is sorted by descending weight, then by descending string. It contains neither
    "", which represents a missing value, nor strings with a line break. Missing and
    out-of-vocabulary values share the index after the last entry.

    Args:
      x: [batch, n] string, dense or sparse.
      name: The vocabulary's name in `tft.TFTransformOutput`.
      counted: Strings of any shape that the vocabulary is computed from.
      weights: int64 of the shape of `counted`: the weight of each string; 1 if None.
      top_k: Maximum number of entries; None for no limit.

    Returns:
      int64 of the shape and sparsity of `x`, in [0, vocabulary size].
    """
    known = tf.not_equal(counted, MISSING_TEXT)
    vocabulary = tft.vocabulary(
        tf.boolean_mask(counted, known),
        weights=None if weights is None else tf.boolean_mask(weights, known),
        top_k=top_k,
        vocab_filename=name,
        file_format=VOCABULARY_FORMAT,
    )
    return tft.apply_vocabulary(x, vocabulary, num_oov_buckets=1, file_format=VOCABULARY_FORMAT)


def count_vocabulary(name: str, counted: tf.Tensor, weights: tf.Tensor) -> None:
    """Computes the vocabulary `name` with counts: the total weight of each string.

    A string with a total weight of 0 is also an entry, with count 0.

    Args:
      name: The vocabulary's name; `read_counts` reads it.
      counted: Strings of any shape.
      weights: int64 of the same shape: the weight of each string.
    """
    tft.vocabulary(
        counted,
        weights=weights,
        store_frequency=True,
        vocab_filename=name,
        file_format=COUNTS_FORMAT,
    )


def read_counts(output: tft.TFTransformOutput, name: str) -> tuple[list[bytes], list[int]]:
    """Reads the vocabulary that `count_vocabulary` computed.

    Args:
      output: The output of Transform.
      name: The vocabulary's name.

    Returns:
      The strings, and their counts in descending order.

    Raises:
      ValueError: The transform graph has no such vocabulary.
    """
    entries = [entry.split(b" ", 1) for entry in output.vocabulary_by_name(name)]
    counts = [(key, int(count)) for count, key in entries if key != EMPTY_VOCABULARY_ENTRY]
    return [key for key, _ in counts], [count for _, count in counts]
