"""Normalisation of the ids of requests in the served model, as ingestion normalises ids."""

from collections.abc import Iterable

import tensorflow as tf

from components.id_normalisation import (
    DECIMAL_ZERO,
    LEADING_ZEROS,
    TRIMMED,
    UNENCODABLE,
    WHITE_SPACE,
    lower_case,
)
from components.nfc_graph import CodePointMap, Composer
from schemas.id_settings import IdNormalisation, IdsSettings

_ASCII = r"[\x00-\x7F]*"


class GraphIdNormaliser(tf.Module):
    """Applies `ids.normalise` to string tensors, equal to `id_normalisation.IdNormaliser`.

    The names of attributes are part of the exported graph.
    """

    def __init__(self, settings: IdsSettings):
        """Creates the tables that the rules require; there are none without rules."""
        super().__init__(name="id_normaliser")
        rules = settings.normalise
        self._rules = rules
        self.lower = CodePointMap(lower_case()) if IdNormalisation.CASE in rules else None
        self.composer = Composer() if IdNormalisation.UNICODE in rules else None

    def __call__(self, ids: tf.Tensor) -> tf.Tensor:
        """Returns the normalised ids, of the same shape; "" (missing) is unchanged."""
        if not self._rules:
            return ids
        ids = _trimmed(ids, TRIMMED if IdNormalisation.TRIM in self._rules else WHITE_SPACE)
        if self.lower is not None or self.composer is not None:
            is_ascii = tf.reduce_all(tf.strings.regex_full_match(ids, _ASCII))
            ids = tf.cond(is_ascii, lambda: self._ascii(ids), lambda: self._letters(ids))
        if IdNormalisation.DECIMAL_ZERO in self._rules:
            ids = tf.strings.regex_replace(ids, f"^{DECIMAL_ZERO}$", r"\1")
        if IdNormalisation.LEADING_ZEROS in self._rules:
            ids = tf.strings.regex_replace(ids, f"^{LEADING_ZEROS}$", r"\1")
        return ids

    def _ascii(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.strings.lower(ids) if self.lower is not None else tf.identity(ids)

    def _letters(self, ids: tf.Tensor) -> tf.Tensor:
        texts = tf.reshape(ids, [-1])
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        if self.composer is not None:
            codes = self.composer(codes)
        if self.lower is not None:
            flat = codes.flat_values
            codes = codes.with_flat_values(self.lower.lookup(flat, flat))
            codes = codes if self.composer is None else self.composer(codes)
        encoded = tf.strings.unicode_encode(codes, "UTF-8")
        is_lossy = tf.strings.regex_full_match(encoded, f"(?s).*[{_escaped(UNENCODABLE)}].*")
        return tf.reshape(tf.where(is_lossy, texts, encoded), tf.shape(ids))


def _trimmed(ids: tf.Tensor, characters: str) -> tf.Tensor:
    members = _escaped(characters)
    return tf.strings.regex_replace(ids, f"^[{members}]+|[{members}]+$", "")


def _escaped(characters: Iterable[str]) -> str:
    """Returns the members of a character class, as escapes: a pattern ends at a literal NUL."""
    return "".join(f"\\x{{{ord(character):X}}}" for character in sorted(characters))
