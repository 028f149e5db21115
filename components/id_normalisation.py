"""Normalisation of ids in ingestion; `id_normalisation_graph` does the same in the served model.

The rules of `ids.normalise` are applied in a fixed order, each to the result of the one before it:

1. `trim` removes white space, control characters and invisible characters (zero-width space, byte
   order mark, direction marks, soft hyphen) at both ends. White space is also removed without it.
2. `unicode` composes letters and their accents: Unicode normalisation form C.
3. `case` replaces each upper-case letter that has a single lower-case letter by it. With `unicode`,
   the result is composed again.
4. `decimal_zero` removes `.0`, `.00` and so on after an integer: 105.0 becomes 105.
5. `leading_zeros` removes zeros at the start of an id of digits: 0105 becomes 105, 000 becomes 0.

`unicode` and `case` do not change an id with a replacement character (U+FFFD) or a Unicode
noncharacter, which not every version of TensorFlow can write. The result of all rules is a fixed
point: normalising it again does not change it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from schemas.id_settings import IdNormalisation, IdsSettings

_SURROGATES = range(0xD800, 0xE000)
_MAX_CODE_POINT = 0x10FFFF

# The characters for which `str.isspace` is true: `str.strip` removes them.
WHITE_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_INVISIBLE_RANGES = (
    (0x00, 0x1F),  # control characters
    (0x7F, 0x9F),
    (0xAD, 0xAD),  # soft hyphen
    (0x61C, 0x61C),  # direction marks
    (0x180E, 0x180E),
    (0x200B, 0x200F),  # zero-width characters
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x206F),
    (0xFEFF, 0xFEFF),  # byte order mark
)
_INVISIBLE = {chr(code) for first, last in _INVISIBLE_RANGES for code in range(first, last + 1)}
TRIMMED = "".join(sorted({*WHITE_SPACE, *_INVISIBLE}))
# The replacement character, which TensorFlow writes for bytes that are not UTF-8, and the
# noncharacters of Unicode, for which TensorFlow 2.16 writes it, and 2.20 does not.
UNENCODABLE = frozenset(
    map(chr, (0xFFFD, *range(0xFDD0, 0xFDF0), *range(0xFFFE, 0x110000, 0x10000)))
) | frozenset(map(chr, range(0xFFFF, 0x110000, 0x10000)))

# Regular expressions for a whole id, in the syntax that Python's `re` and RE2 share.
DECIMAL_ZERO = r"([+-]?[0-9]+)\.0+"
LEADING_ZEROS = r"0+([0-9]+)"
_DECIMAL_ZERO = re.compile(DECIMAL_ZERO)
_LEADING_ZEROS = re.compile(LEADING_ZEROS)


@dataclass(frozen=True)
class IdNormaliser:
    """Applies the rules of `ids.normalise` to ids.

    Attributes:
      settings: The rules.
    """

    settings: IdsSettings = field(default_factory=IdsSettings)

    def __bool__(self) -> bool:
        return bool(self.settings)

    def __call__(self, text: str) -> str:
        """Returns the normalised id; the text itself without any rule.

        >>> IdNormaliser(IdsSettings(normalise=("case", "decimal_zero")))("00105.0")
        '00105'
        >>> IdNormaliser(IdsSettings(normalise=("case",)))("SKU-105")
        'sku-105'
        """
        if not self.settings:
            return text
        rules = self.settings.normalise
        text = text.strip(TRIMMED if IdNormalisation.TRIM in rules else WHITE_SPACE)
        if not text.isascii():
            text = _normalise_letters(text, rules)
        elif IdNormalisation.CASE in rules:
            text = text.lower()
        if IdNormalisation.DECIMAL_ZERO in rules and (match := _DECIMAL_ZERO.fullmatch(text)):
            text = match[1]
        if IdNormalisation.LEADING_ZEROS in rules and (match := _LEADING_ZEROS.fullmatch(text)):
            text = match[1]
        return text

    def all(self, texts: Iterable[str]) -> frozenset[str]:
        """Returns the normalised ids of some texts, without empty ones."""
        return frozenset(map(self, texts)) - {""}


def _normalise_letters(text: str, rules: tuple[IdNormalisation, ...]) -> str:
    if not UNENCODABLE.isdisjoint(text):
        return text
    is_composed = IdNormalisation.UNICODE in rules
    if is_composed:
        text = unicodedata.normalize("NFC", text)
    if IdNormalisation.CASE in rules:
        text = text.translate(lower_case())
        text = unicodedata.normalize("NFC", text) if is_composed else text
    return text


@lru_cache(maxsize=1)
def lower_case() -> dict[int, int]:
    """Returns the code point of the lower-case letter by that of the upper-case letter.

    `str.lower` would not do for the served model: the lower-case form of a sigma depends on the
    letters around it.
    """
    pairs = ((code, chr(code).lower()) for code in code_points())
    return {code: ord(lower) for code, lower in pairs if len(lower) == 1 and ord(lower) != code}


def code_points() -> Iterable[int]:
    """Returns all code points that UTF-8 can encode."""
    yield from range(_SURROGATES.start)
    yield from range(_SURROGATES.stop, _MAX_CODE_POINT + 1)
