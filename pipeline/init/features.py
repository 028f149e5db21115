"""Which columns are useful features, and of which kind."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from components.readers.list_literals import parse_list
from components.records.text_looks import UNSPACED, WITH_HTML, looks_of, text_looks
from pipeline.init.certainty import Certainty
from pipeline.init.column import Column
from pipeline.init.words import Role, has_id_word, name_score, words_of
from schemas.source_settings import FeatureKind

# Whole numbers with at most this many different values are categories.
_MAX_CATEGORIES_OF_NUMBERS = 32
# Texts are categories if their different values are at most this share of all, or so few.
_CATEGORY_SHARE, _FEW_CATEGORIES = 0.2, 20
_SHORT_CATEGORY_SHARE = 0.5
_UNIQUE = 0.99
_MOST = 0.9
_SEPARATORS = ("|", ";", ",")
# A text with separators is a list if each of its parts occurs so often, and parts are short.
_MIN_USES, _MAX_PART_WORDS = 3.0, 3.0
_MIN_SEPARATED = 0.05
_LINK = r"(?i)^(https?://|www\.)|\.(jpe?g|png|gif|webp)$"
_THOUSANDS = r"^-?[1-9]\d{0,2}\.\d{3}$"
_PRICE = re.compile(r"^\s*[$€£¥]|[$€£¥]\s*$")
_TITLES = frozenset({"title", "name", "description", "text", "summary"})
_MAX_SHOWN = 30
_YEARS = frozenset({"%Y", "%Y%m"})


@dataclass(frozen=True)
class FeatureProposal:
    """A column that is proposed as a feature.

    Attributes:
      name: The name of the feature.
      column: The column.
      kind: How the column is read.
      certainty: How sure the kind is.
      reason: What it is based on, for a comment.
      settings: The other keys of the feature.
    """

    name: str
    column: str
    kind: FeatureKind
    certainty: Certainty
    reason: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used, and why."""

    column: str
    reason: str


def propose_feature(column: Column, is_item: bool) -> FeatureProposal | LeftOut:
    """Returns the proposed feature of a column, or why it is of no use.

    Args:
      column: The column.
      is_item: Whether it is a property of items; users and contexts have categories and numbers
        only.
    """
    if column.is_list:
        return (
            _lists(column) if is_item else LeftOut(column.name, "lists are features of items only")
        )
    if not column.num_present:
        return LeftOut(column.name, "always empty")
    if column.num_distinct == 1:
        return LeftOut(column.name, f"always {_example(column)}")
    if _share(column, _LINK) >= _SHORT_CATEGORY_SHARE:
        return LeftOut(column.name, "links")
    for propose in (_literal_lists, _number, _time, _separated, _text):
        if (found := propose(column, is_item)) is not None:
            return found
    return LeftOut(column.name, f"{column.num_distinct:,} different values, nearly one per record")


def _share(column: Column, pattern: str) -> float:
    matches = pc.sum(pc.match_substring_regex(column.present, pattern)).as_py() or 0
    return matches / column.num_present


def _category(column: Column, certainty: Certainty = Certainty.CERTAIN) -> FeatureProposal:
    reason = f"{column.num_distinct:,} values, {_examples(column)}"
    return FeatureProposal(column.name, column.name, FeatureKind.CATEGORY, certainty, reason)


def _examples(column: Column) -> str:
    return ", ".join(map(_quoted, list(column.counts)[:3]))


def _quoted(text: str) -> str:
    """Returns a text in quotes, cut if it is long."""
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")


def _lists(column: Column) -> FeatureProposal | LeftOut:
    elements = [element for values in column.lists for element in values]
    if not elements:
        return LeftOut(column.name, "empty lists")
    if any(isinstance(element, dict | list) for element in elements):
        return LeftOut(column.name, "lists of objects")
    return _categories(column, [str(element) for element in elements], {})


def _categories(
    column: Column, parts: list[str], settings: Mapping[str, str]
) -> FeatureProposal | LeftOut:
    different = Counter(parts)
    words = sum(len(part.split()) for part in different) / len(different)
    is_reused = len(parts) >= _MIN_USES * len(different)
    if words > _MAX_PART_WORDS and not is_reused:
        return LeftOut(column.name, "lists of sentences: join each to one text to use it")
    certainty = Certainty.CERTAIN if is_reused else Certainty.LIKELY
    shown = ", ".join(_quoted(part) for part, _ in different.most_common(3))
    reason = f"lists of {len(different):,} values, {shown}"
    return FeatureProposal(
        column.name, column.name, FeatureKind.CATEGORIES, certainty, reason, settings
    )


def _literal_lists(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    if not column.is_literal_list:
        return None
    if not is_item:
        return LeftOut(column.name, "lists are features of items only")
    lists = [parse_list(text) for text in column.present.to_pylist()]
    if any(values is None for values in lists):
        return LeftOut(
            column.name,
            "some texts are lists of JSON or Python and others are not; set list_format to use it",
        )
    elements = [str(element) for values in lists for element in values or ()]
    if not elements:
        return LeftOut(column.name, "empty lists")
    return _categories(column, elements, {"list_format": "literal"})


def _number(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    if column.number_share < _MOST:
        if _PRICE.search(column.distinct[0].as_py()) and _share(column, r"\d") >= _MOST:
            return LeftOut(
                column.name, "numbers with a sign of currency: remove the sign to use it"
            )
        return None
    if column.num_not_numbers:
        return LeftOut(
            column.name,
            f"numbers, but {column.num_not_numbers:,} values are not ({_not_numbers(column)}): "
            "list them in null_values, or correct them, to use it",
        )
    if _share(column, r"^0\d"):
        return None  # A code, such as a postal code.
    if column.is_whole and has_id_word(column.name):
        if column.uniqueness <= _SHORT_CATEGORY_SHARE:
            return _category(column, Certainty.LIKELY)
        return LeftOut(column.name, "numbers of an id that hardly any other record has")
    reading = column.time
    if reading is not None and not reading.is_counter and reading.time_format not in _YEARS:
        return _time(column, is_item)
    if column.is_whole and column.num_distinct <= min(
        _MAX_CATEGORIES_OF_NUMBERS, column.num_present / 2
    ):
        return _category(column, Certainty.LIKELY)
    reason, certainty = f"{column.numbers.min():g} to {column.numbers.max():g}", Certainty.CERTAIN
    if not column.is_whole and _share(column, _THOUSANDS) == 1.0:
        reason += ", if the points are decimal points and do not separate thousands"
        certainty = Certainty.LIKELY
    return FeatureProposal(column.name, column.name, FeatureKind.NUMBER, certainty, reason)


def _not_numbers(column: Column) -> str:
    found = (text for text in column.distinct.to_pylist() if not _is_number(text))
    return ", ".join(_quoted(text) for text, _ in zip(found, range(3), strict=False))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _time(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    reading = column.time
    if reading is None or reading.is_counter:
        return None
    if not is_item:
        return LeftOut(column.name, "times are features of items only")
    if reading.conversion:
        return LeftOut(column.name, f"{reading.conversion}: write it as ISO 8601 to use it")
    if reading.alternatives:
        formats = " or ".join(filter(None, (reading.time_format, *reading.alternatives)))
        return LeftOut(column.name, f"a time, as {formats}: set kind timestamp and one of them")
    if reading.share < 1.0:
        return LeftOut(
            column.name,
            f"a time ({reading.description}), but not all values are: correct them to use it",
        )
    is_named = any(name_score(column.name, role) > 0 for role in (Role.TIME, Role.AVAILABLE_AT))
    settings = reading.settings or ({"timestamp_unit": reading.unit} if reading.unit else {})
    return FeatureProposal(
        column.name,
        column.name,
        FeatureKind.TIMESTAMP,
        # Numbers of times could also be codes.
        Certainty.CERTAIN if is_named or not column.is_whole else Certainty.LIKELY,
        reading.description,
        settings,
    )


def _separated(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    """Returns lists of categories with a separator; None if the texts are no such lists."""
    if not is_item or _is_title(column):
        return None
    texts = column.present.to_pylist()
    for separator in _SEPARATORS:
        num_separated = sum(separator in text for text in texts)
        if num_separated < _MIN_SEPARATED * len(texts):
            continue
        parts = [part for text in texts for part in _parts(text, separator)]
        different = Counter(parts)
        words = sum(len(part.split()) for part in different) / len(different)
        num_reused = sum(count > 1 for count in different.values())
        if (
            words <= _MAX_PART_WORDS
            and len(parts) >= _MIN_USES * len(different)
            and num_reused >= _SHORT_CATEGORY_SHARE * len(different)
        ):
            return _categories(column, parts, {"separator": separator})
    return None


def _parts(text: str, separator: str) -> Iterator[str]:
    yield from (part for each in text.split(separator) if (part := each.strip()))


def _text(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    few = max(_CATEGORY_SHARE * column.num_present, min(_FEW_CATEGORIES, column.num_present / 2))
    words = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(column.present))).as_py()
    has_letters = _share(column, r"\p{L}{2}") >= _SHORT_CATEGORY_SHARE
    if column.num_distinct <= few and words <= 2 * _MAX_PART_WORDS:
        return _category(column)
    if column.uniqueness <= _SHORT_CATEGORY_SHARE and words <= _MAX_PART_WORDS:
        return _category(column, Certainty.LIKELY)
    if not is_item or not has_letters or has_id_word(column.name):
        return None
    is_title = _is_title(column)
    looks = looks_of(text_looks(column.name, column.present), column.name)
    is_code = words < 1.5 and column.uniqueness >= _UNIQUE
    if is_code and not is_title and UNSPACED not in looks:
        return None
    settings = {"html": "strip"} if WITH_HTML in looks else {}
    settings |= {"tokens": "characters"} if UNSPACED in looks else {}
    certainty = Certainty.CERTAIN if is_title or words >= 2 else Certainty.LIKELY
    reason = f"{words:.1f} words, {_example(column)}"
    return FeatureProposal(column.name, column.name, FeatureKind.TEXT, certainty, reason, settings)


def _is_title(column: Column) -> bool:
    return not _TITLES.isdisjoint(words_of(column.name))


def _example(column: Column) -> str:
    return _quoted(column.distinct[0].as_py())


def split_proposals(
    proposals: list[FeatureProposal | LeftOut],
) -> tuple[tuple[FeatureProposal, ...], tuple[LeftOut, ...]]:
    """Returns the proposed features and the columns that are left out."""
    features: list[Any] = [found for found in proposals if isinstance(found, FeatureProposal)]
    left_out: list[Any] = [found for found in proposals if isinstance(found, LeftOut)]
    return tuple(features), tuple(left_out)
