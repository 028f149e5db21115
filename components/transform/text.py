"""Converts text and lists of categories to bags of strings."""

import tensorflow as tf
import tensorflow_transform as tft

from components.transform.html import strip_html
from schemas.features import MISSING_TEXT
from schemas.text_tokens import WORDS, TokenRules

# RE2 has no Unicode \w: words consist of letters, combining marks and numbers. Marks that follow no
# letter or number, such as the variation selectors of emoji, belong to no word.
NON_WORD = r"[^\p{L}\p{M}\p{N}]+\p{M}*|^\p{M}+"
# A character with its marks, so that no n-gram begins with a mark.
_CHARACTER = r"\P{M}\p{M}*"


def tokens(x: tf.Tensor, rules: TokenRules = WORDS) -> tf.SparseTensor:
    """Splits text into lower-case words, or into n-grams of the characters of each word.

    A word is a run of letters, marks and numbers, in languages without spaces all text between two
    punctuation marks. A word that is shorter than every n-gram is a token itself.

    Args:
      x: [batch, 1] UTF-8 string.
      rules: Whether the tokens are words or n-grams, and whether HTML markup is removed first.

    Returns:
      [batch, max_tokens] sparse string, left-aligned; a row without words is empty.
    """
    texts = tf.reshape(x, [-1])
    if rules.strips_html:
        texts = strip_html(texts)
    # `lower` would cut a text at a NUL character, which is in no word.
    spaced = tf.strings.regex_replace(texts, NON_WORD, " ")
    words = tf.strings.split(tf.strings.lower(spaced, encoding="utf-8"))
    return (_ngrams(words, rules.ngrams) if rules.ngrams else words).to_sparse()


def _ngrams(words: tf.RaggedTensor, lengths: tuple[int, ...]) -> tf.RaggedTensor:
    """Returns the n-grams of [batch, (words)] strings, [batch, (n-grams)]."""
    spaced = tf.strings.regex_replace(words.flat_values, _CHARACTER, r" \0")
    ngrams = tf.strings.ngrams(
        tf.strings.split(spaced), lengths, separator="", preserve_short_sequences=True
    )
    return words.with_flat_values(ngrams).merge_dims(1, 2)


def without_missing(x: tf.SparseTensor) -> tf.SparseTensor:
    """Removes the "" padding of a request's list, so that it equals the bag in the training data.

    Args:
      x: [batch, n] sparse string.

    Returns:
      [batch, n] sparse string, left-aligned.
    """
    kept = tf.sparse.retain(x, tf.not_equal(x.values, MISSING_TEXT))
    return tft.sparse_tensor_left_align(kept)
