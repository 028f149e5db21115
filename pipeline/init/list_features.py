"""Which columns of items are lists of categories: lists, texts of lists, and separated texts."""

from collections import Counter
from collections.abc import Iterator, Mapping

from components.readers.list_literals import parse_list
from pipeline.init.certainty import Certainty
from pipeline.init.column import Column
from pipeline.init.feature_proposal import FeatureProposal, LeftOut, quoted
from pipeline.init.words import is_title
from schemas.source_settings import FeatureKind

_SEPARATORS = ("|", ";", ",")
# A text with separators is a list if each of its parts occurs so often, and parts are short.
_MIN_USES, _MAX_PART_WORDS = 3.0, 3.0
_MIN_SEPARATED = 0.05
# Smallest share of the different parts that occur more than once.
_MIN_REUSED = 0.5


def lists(column: Column) -> FeatureProposal | LeftOut:
    """Returns the proposed feature of a column of lists, or why it is of no use."""
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
    shown = ", ".join(quoted(part) for part, _ in different.most_common(3))
    reason = f"lists of {len(different):,} values, {shown}"
    return FeatureProposal(
        column.name, column.name, FeatureKind.CATEGORIES, certainty, reason, settings
    )


def literal_lists(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    """Returns the same for texts that are lists of JSON or Python; None for other texts."""
    if not column.is_literal_list:
        return None
    if not is_item:
        return LeftOut(column.name, "lists are features of items only")
    parsed = [parse_list(text) for text in column.present.to_pylist()]
    if any(values is None for values in parsed):
        return LeftOut(
            column.name,
            "some texts are lists of JSON or Python and others are not; set list_format to use it",
        )
    elements = [str(element) for values in parsed for element in values or ()]
    if not elements:
        return LeftOut(column.name, "empty lists")
    return _categories(column, elements, {"list_format": "literal"})


def separated_texts(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    """Returns lists of categories with a separator; None if the texts are no such lists."""
    if not is_item or is_title(column.name):
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
            and num_reused >= _MIN_REUSED * len(different)
        ):
            return _categories(column, parts, {"separator": separator})
    return None


def _parts(text: str, separator: str) -> Iterator[str]:
    yield from (part for each in text.split(separator) if (part := each.strip()))
