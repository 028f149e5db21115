"""How the texts of the catalogue look, and warnings about settings that do not suit them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.features import Feature

TEXTS, UNSPACED, WITH_HTML = "texts", "unspaced", "with_html"
# Number of texts by column and look; `TEXTS` counts all that are not empty.
TextLooks = Counter[tuple[str, str]]

_IDEOGRAPHS = r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
_SYLLABLES = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# A text is without spaces if it has none at all, or if a run is longer than nearly all words: words
# that another program separated are no such runs. U+3000 is the space of ideographs.
_NO_SPACE = r"[^\s\x{3000}]"
_PATTERNS = {
    UNSPACED: rf"^{_NO_SPACE}*{_IDEOGRAPHS}{{3,}}{_NO_SPACE}*$|{_IDEOGRAPHS}{{5,}}"
    rf"|{_SYLLABLES}{{16,}}",
    WITH_HTML: r"(?i)</[a-z][a-z0-9]*\s*>|<(?:br|hr|img|p)\b[^>]*>"
    r"|&(?:nbsp|amp|quot|lt|gt|#[0-9]+);",
}
# Smallest share of the texts of a feature with a look for which there is a warning.
_MIN_SHARES = {UNSPACED: 0.5, WITH_HTML: 0.1}


def text_looks(column: str, texts: pa.StringArray) -> TextLooks:
    """Returns how many of the texts of a column have each look.

    >>> sorted(text_looks("title", pa.array(["霸王别姬", "a<br>b", ""])).items())
    [(('title', 'texts'), 2), (('title', 'unspaced'), 1), (('title', 'with_html'), 1)]
    """
    counts = TextLooks({(column, TEXTS): pc.sum(pc.not_equal(texts, "")).as_py() or 0})
    for look, pattern in _PATTERNS.items():
        counts[column, look] = pc.sum(pc.match_substring_regex(texts, pattern)).as_py() or 0
    return counts


def looks_of(counts: Mapping[tuple[str, str], int], column: str) -> frozenset[str]:
    """Returns the looks for which the settings of a feature should provide: UNSPACED, WITH_HTML.

    Args:
      counts: The number of texts of each column and look.
      column: The column of the feature.
    """
    total = counts.get((column, TEXTS), 0)
    return frozenset(
        look
        for look, share in _MIN_SHARES.items()
        if total and counts.get((column, look), 0) >= share * total
    )


def text_warnings(rows: Iterable[list[Any]], features: Mapping[str, Feature]) -> Iterator[str]:
    """Yields a text for each feature whose settings do not suit how its texts look.

    Args:
      rows: [column, look, number of texts] of each column and look.
      features: The features of kind `text`, by column.
    """
    counts = {(column, look): count for column, look, count in rows}
    for column, feature in features.items():
        total = counts.get((column, TEXTS), 0)
        looks = looks_of(counts, column)
        key = f"items.features.{feature.name}"
        if UNSPACED in looks and not feature.tokens.ngrams:
            yield (
                f"{key}: {counts[column, UNSPACED]:,} of {total:,} texts are in a language without "
                "spaces between words, so that most texts are a single word that no other text "
                f"has, and the feature is of little use; set {key}.tokens: characters"
            )
        if WITH_HTML in looks and not feature.tokens.strips_html:
            yield (
                f"{key}: {counts[column, WITH_HTML]:,} of {total:,} texts contain HTML, and the "
                f"names of tags and attributes become words; set {key}.html: strip"
            )
