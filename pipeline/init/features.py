"""Which columns are useful features, and of which kind."""

import re

import pyarrow.compute as pc

from components.records.text_looks import UNSPACED, WITH_HTML, looks_of, text_looks
from pipeline.init.certainty import Certainty
from pipeline.init.column import Column
from pipeline.init.feature_proposal import FeatureProposal, LeftOut, quoted
from pipeline.init.list_features import lists, literal_lists, separated_texts
from pipeline.init.words import Role, has_id_word, is_title, name_score
from schemas.source_settings import FeatureKind

# Whole numbers with at most this many different values are categories.
_MAX_CATEGORIES_OF_NUMBERS = 32
# Texts are categories if their different values are at most this share of all, or so few.
_CATEGORY_SHARE, _FEW_CATEGORIES = 0.2, 20
_SHORT_CATEGORY_SHARE = 0.5
_UNIQUE = 0.99
_MOST = 0.9
_MAX_CATEGORY_WORDS = 3.0
_LINK = r"(?i)^(https?://|www\.)|\.(jpe?g|png|gif|webp)$"
_THOUSANDS = r"^-?[1-9]\d{0,2}\.\d{3}$"
_PRICE = re.compile(r"^\s*[$€£¥]|[$€£¥]\s*$")
_YEARS = frozenset({"%Y", "%Y%m"})


def propose_feature(column: Column, is_item: bool) -> FeatureProposal | LeftOut:
    """Returns the proposed feature of a column, or why it is of no use.

    Args:
      column: The column.
      is_item: Whether it is a property of items; users and contexts have categories and numbers
        only.
    """
    if column.is_list:
        return (
            lists(column) if is_item else LeftOut(column.name, "lists are features of items only")
        )
    if not column.num_present:
        return LeftOut(column.name, "always empty")
    if column.num_distinct == 1:
        return LeftOut(column.name, f"always {_example(column)}")
    if _share(column, _LINK) >= _SHORT_CATEGORY_SHARE:
        return LeftOut(column.name, "links")
    for propose in (literal_lists, _number, _time, separated_texts, _text):
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
    return ", ".join(map(quoted, list(column.counts)[:3]))


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
    return ", ".join(quoted(text) for text, _ in zip(found, range(3), strict=False))


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


def _text(column: Column, is_item: bool) -> FeatureProposal | LeftOut | None:
    few = max(_CATEGORY_SHARE * column.num_present, min(_FEW_CATEGORIES, column.num_present / 2))
    words = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(column.present))).as_py()
    has_letters = _share(column, r"\p{L}{2}") >= _SHORT_CATEGORY_SHARE
    if column.num_distinct <= few and words <= 2 * _MAX_CATEGORY_WORDS:
        return _category(column)
    if column.uniqueness <= _SHORT_CATEGORY_SHARE and words <= _MAX_CATEGORY_WORDS:
        return _category(column, Certainty.LIKELY)
    if not is_item or not has_letters or has_id_word(column.name):
        return None
    has_title_name = is_title(column.name)
    looks = looks_of(text_looks(column.name, column.present), column.name)
    is_code = words < 1.5 and column.uniqueness >= _UNIQUE
    if is_code and not has_title_name and UNSPACED not in looks:
        return None
    settings = {"html": "strip"} if WITH_HTML in looks else {}
    settings |= {"tokens": "characters"} if UNSPACED in looks else {}
    certainty = Certainty.CERTAIN if has_title_name or words >= 2 else Certainty.LIKELY
    reason = f"{words:.1f} words, {_example(column)}"
    return FeatureProposal(column.name, column.name, FeatureKind.TEXT, certainty, reason, settings)


def _example(column: Column) -> str:
    return quoted(column.distinct[0].as_py())
