"""Removes HTML markup from text, as a graph of operations that TensorFlow 2.11 has.

Markup is recognised as by browsers: a quoted attribute may contain `>`, and what is not closed
extends to the end of the text. A `<` that no letter follows is text.
"""

from html.entities import name2codepoint

import tensorflow as tf

_COMMENT = r"<!--.*?(?:-->|\z)"
_SCRIPT = r"<script[\s/>].*?(?:</script\s*>|\z)"
_STYLE = r"<style[\s/>].*?(?:</style\s*>|\z)"
# The text of a CDATA section is text, as in feeds.
_CDATA = r"<!\[CDATA\["
_DECLARATION = r"<[!?][^>]*(?:>|\z)"
# Quotes have a meaning only after the `=` of an attribute.
_TAG = r"""</?[a-z](?:=\s*"[^"]*"|=\s*'[^']*'|[^>])*(?:>|\z)"""
# The first alternative that matches is taken.
MARKUP = "(?is)" + "|".join((_COMMENT, _SCRIPT, _STYLE, _CDATA, _DECLARATION, _TAG))

# A reference to a character by number or by name; more digits are no character.
_MAX_DIGITS = 7
_REFERENCE = r"&(?:#0*[0-9]{1,7}|#[xX]0*[0-9a-fA-F]{1,6}|[A-Za-z]+[0-9]*);"
_NUMBER = r"^&#[xX]?0*([0-9a-fA-F]+);$"
_HEXADECIMAL = r"^&#[xX].*$"
# A separator of pieces of text; it is a control character, which no word contains.
_MARK = "\x1f"
_SOFT_HYPHEN = "\u00ad"

_CODES = {**name2codepoint, "apos": ord("'")}
_NAMES = tuple(f"&{name};" for name in _CODES)
_NO_CHARACTER = -1


def strip_html(texts: tf.Tensor) -> tf.Tensor:
    """Removes markup, and decodes references to characters once.

    Tags, comments, declarations, and scripts and styles with their contents become spaces. The
    names of references are those of HTML 4, and `&apos;`; other references remain as they are.
    Soft hyphens are removed, because they are inside words.

    >>> text = strip_html(tf.constant(["<b title='1 > 0'>Caf&eacute;</b> &amp; &#26412;"]))
    >>> text.numpy()[0].decode()
    ' Café  & 本'

    Args:
      texts: [n] UTF-8 string.

    Returns:
      [n] UTF-8 string.
    """
    without_markup = tf.strings.regex_replace(texts, MARKUP, " ")
    return tf.strings.regex_replace(_decode_references(without_markup), _SOFT_HYPHEN, "")


def _decode_references(texts: tf.Tensor) -> tf.Tensor:
    unmarked = tf.strings.regex_replace(texts, _MARK, " ")
    marked = tf.strings.regex_replace(unmarked, _REFERENCE, f"{_MARK}\\0{_MARK}")
    pieces = tf.strings.split(marked, _MARK)
    is_reference = tf.strings.regex_full_match(pieces.flat_values, _REFERENCE)
    references, index = tf.unique(tf.boolean_mask(pieces.flat_values, is_reference))
    decoded = tf.tensor_scatter_nd_update(
        pieces.flat_values, tf.where(is_reference), tf.gather(_characters(references), index)
    )
    return tf.strings.unsorted_segment_join(decoded, pieces.value_rowids(), pieces.nrows())


def _characters(references: tf.Tensor) -> tf.Tensor:
    """Returns the character of each of [n] references, [n] string; unknown names are unchanged."""
    is_number = tf.strings.regex_full_match(references, _NUMBER)
    code = tf.where(is_number, _numbers(references), _code_of_name(references))
    is_known = code != _NO_CHARACTER
    # A number that is no character becomes U+FFFD, as in browsers.
    characters = tf.strings.unicode_encode(tf.where(is_known, code, 0)[:, tf.newaxis], "UTF-8")
    return tf.where(is_known, characters, references)


def _numbers(references: tf.Tensor) -> tf.Tensor:
    """Returns the [n] int32 numbers of [n] references; any value for a reference by name."""
    digits = tf.strings.regex_replace(references, _NUMBER, "0" * _MAX_DIGITS + r"\1")
    padded = tf.strings.substr(tf.strings.join(["0" * _MAX_DIGITS, digits]), -_MAX_DIGITS, 7)
    codes = tf.strings.unicode_decode(padded, "UTF-8").to_tensor(shape=[None, _MAX_DIGITS])
    is_letter = codes > ord("9")
    values = tf.where(is_letter, codes % 32 + 9, codes - ord("0"))
    is_hexadecimal = tf.strings.regex_full_match(references, _HEXADECIMAL)
    base = tf.where(is_hexadecimal, 16, 10)[:, tf.newaxis]
    return tf.reduce_sum(values * base ** tf.range(_MAX_DIGITS - 1, -1, -1), axis=1)


def _code_of_name(references: tf.Tensor) -> tf.Tensor:
    """Returns the [n] int32 code points of [n] references by name; -1 for other references."""
    is_name = references[:, tf.newaxis] == tf.constant(_NAMES)
    code = tf.gather(tf.constant(list(_CODES.values())), tf.argmax(is_name, axis=1))
    return tf.where(tf.reduce_any(is_name, axis=1), code, _NO_CHARACTER)
