"""Unicode normalisation form C as a TensorFlow graph, with operations of TensorFlow 2.11 alone.

The tables are taken from Python's `unicodedata`, so that the graph composes as ingestion does. The
algorithm is that of section 3.11 of the Unicode standard: decompose each character, sort combining
marks, and compose the pairs from left to right.
"""

import unicodedata
from functools import lru_cache

import numpy as np
import tensorflow as tf

from components.id_normalisation import code_points

_PAIR_FACTOR = 2**21
_FIRST_HANGUL, _NUM_HANGUL, _NUM_FINALS = 0xAC00, 11_172, 28


class CodePointMap(tf.Module):
    """A sorted table of integers; keys that are not in it keep a default."""

    def __init__(self, entries: dict[int, int], dtype: tf.DType = tf.int32):
        """Creates the table from keys to int32 values; `dtype` is that of the keys."""
        super().__init__()
        keys = sorted(entries)
        values = [entries[key] for key in keys]
        self._keys = tf.Variable(tf.constant(keys, dtype), trainable=False)
        self._values = tf.Variable(tf.constant(values, tf.int32), trainable=False)

    def find(self, keys: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns whether each of the [n] keys is in the table, [n] bool, and the [n] values."""
        known = self._keys.read_value()
        place = tf.minimum(tf.searchsorted(known, keys), tf.size(known) - 1)
        return tf.gather(known, place) == keys, tf.gather(self._values.read_value(), place)

    def lookup(self, keys: tf.Tensor, default: tf.Tensor) -> tf.Tensor:
        """Returns the [n] int32 values of [n] keys; `default` for other keys."""
        is_found, values = self.find(keys)
        return tf.where(is_found, values, default)


class Composer(tf.Module):
    """Converts texts, given as code points, to Unicode normalisation form C."""

    def __init__(self) -> None:
        """Creates the tables."""
        super().__init__(name="nfc")
        texts = _decompositions()
        lengths = np.array([len(text) for text in texts.values()])
        starts = np.cumsum(lengths) - lengths
        self._start = CodePointMap(dict(zip(texts, starts.tolist(), strict=True)))
        self._length = CodePointMap(dict(zip(texts, lengths.tolist(), strict=True)))
        parts = [ord(part) for text in texts.values() for part in text]
        self._parts = tf.Variable(tf.constant(parts, tf.int32), trainable=False)
        self._class = CodePointMap(_combining_classes())
        self._composite = CodePointMap(_composites(), tf.int64)

    def __call__(self, codes: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the composed texts: [num_texts, (length)] int32 code points, as the input."""
        code, row = self._decomposed(codes.flat_values, codes.value_rowids())
        code = tf.gather(code, self._canonical_order(code, row))
        code, row = self._composed(code, row)
        return tf.RaggedTensor.from_value_rowids(code, row, codes.nrows())

    def _decomposed(self, code: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        is_decomposed, start = self._start.find(code)
        length = self._length.lookup(code, tf.ones_like(code))
        first = tf.cumsum(length) - length
        inner = tf.range(tf.reduce_sum(length)) - tf.repeat(first, length)
        place = tf.where(is_decomposed, start, 0)
        part = tf.gather(
            self._parts.read_value(),
            tf.repeat(place, length) + tf.where(tf.repeat(is_decomposed, length), inner, 0),
        )
        whole = tf.repeat(code, length)
        return tf.where(tf.repeat(is_decomposed, length), part, whole), tf.repeat(row, length)

    def _canonical_order(self, code: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """Returns the order that sorts each run of combining marks by class, [n] int32."""
        classes = self._classes(code)
        run = tf.cumsum(tf.cast((classes == 0) | _begins_row(row), tf.int64))
        size, index = tf.size(code, tf.int64), tf.range(tf.size(code, tf.int64))
        # The index makes the keys distinct, so that the sort is stable.
        return tf.argsort((run * 256 + tf.cast(classes, tf.int64)) * size + index)

    def _composed(self, code: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Composes the leftmost pair of each text until no pair is left."""

        def compose(code: tf.Tensor, row: tf.Tensor, _: tf.Tensor) -> list[tf.Tensor]:
            starter, composite, can_compose = self._pairs(code, row)
            second = tf.where(can_compose)[:, 0]
            second = tf.boolean_mask(second, _begins_row(tf.gather(row, second)))
            first = tf.gather(starter, second)[:, tf.newaxis]
            code = tf.tensor_scatter_nd_update(code, first, tf.gather(composite, second))
            removed = tf.scatter_nd(
                second[:, tf.newaxis], tf.ones_like(second), tf.shape(code, tf.int64)
            )
            is_left = removed == 0
            code, row = tf.boolean_mask(code, is_left), tf.boolean_mask(row, is_left)
            return [code, row, tf.size(second) > 0]

        shapes = [tf.TensorShape([None]), tf.TensorShape([None]), tf.TensorShape([])]
        code, row, _ = tf.while_loop(
            lambda _code, _row, has_changed: has_changed,
            compose,
            [code, row, tf.size(code) > 0],
            shapes,
        )
        return code, row

    def _pairs(self, code: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Finds the characters that can be composed with the starter before them.

        Returns:
          For each character the index of that starter, the composite, and whether there is one
          that no character between them blocks.
        """
        classes, begins_row = self._classes(code), _begins_row(row)
        is_starter = classes == 0
        begins_run = is_starter | begins_row
        index = tf.range(tf.size(code))
        run = tf.cumsum(tf.cast(begins_run, tf.int32)) - 1
        run_start = tf.gather(tf.boolean_mask(index, begins_run), run)
        previous = tf.maximum(index - 1, 0)
        starter = tf.where(is_starter, previous, run_start)
        is_adjacent = starter == previous
        is_blocked = ~is_adjacent & (tf.gather(classes, previous) >= classes)
        pair = tf.cast(tf.gather(code, starter), tf.int64) * _PAIR_FACTOR + tf.cast(code, tf.int64)
        is_found, composite = self._composite.find(pair)
        follows_starter = tf.gather(is_starter, starter) & ~begins_row
        return starter, composite, is_found & follows_starter & ~is_blocked

    def _classes(self, code: tf.Tensor) -> tf.Tensor:
        return self._class.lookup(code, tf.zeros_like(code))


def _begins_row(row: tf.Tensor) -> tf.Tensor:
    """Returns whether each of the [n] row numbers differs from the one before it, [n] bool."""
    is_first = tf.ones_like(row[:1], tf.bool)
    return tf.concat([is_first, row[1:] != row[:-1]], axis=0)


@lru_cache(maxsize=1)
def _decompositions() -> dict[int, str]:
    """Returns the complete decomposition of each character that has one."""
    texts = ((code, unicodedata.normalize("NFD", chr(code))) for code in code_points())
    return {code: text for code, text in texts if text != chr(code)}


@lru_cache(maxsize=1)
def _combining_classes() -> dict[int, int]:
    """Returns the canonical combining class of each character whose class is not 0."""
    classes = ((code, unicodedata.combining(chr(code))) for code in code_points())
    return {code: value for code, value in classes if value}


@lru_cache(maxsize=1)
def _composites() -> dict[int, int]:
    """Returns the composed character by pair, the first times 2 ** 21 plus the second."""
    composites = {}
    for code in code_points():
        parts = unicodedata.decomposition(chr(code)).split()
        is_pair = len(parts) == 2 and not parts[0].startswith("<")
        if is_pair and unicodedata.normalize("NFC", chr(code)) == chr(code):
            first, second = (int(part, 16) for part in parts)
            composites[first * _PAIR_FACTOR + second] = code
    for code in range(_FIRST_HANGUL, _FIRST_HANGUL + _NUM_HANGUL):
        letters = [ord(letter) for letter in unicodedata.normalize("NFD", chr(code))]
        final = (code - _FIRST_HANGUL) % _NUM_FINALS
        first, second = (code - final, letters[2]) if final else (letters[0], letters[1])
        composites[first * _PAIR_FACTOR + second] = code
    return composites
