"""Finds out why ids of the log have no row: which other spelling has one, and the rules for it."""

import difflib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from components.id_normalisation import IdNormaliser
from schemas.id_settings import IdNormalisation, IdsSettings

_RULES = tuple(IdNormalisation)
_ALL_RULES = IdNormaliser(IdsSettings(normalise=_RULES))
# Ids that are compared letter by letter if no rule makes any of them equal.
_NUM_COMPARED, _NUM_KNOWN = 5, 2000
_SIMILAR = 0.6


@dataclass(frozen=True)
class Diagnosis:
    """Why some ids have no row.

    Attributes:
      num_ids: Number of unmatched ids that were examined.
      num_known: Number of ids that have a row.
      partners: The id that has a row by the unmatched id that the rules make equal to it.
      rules: The rules that do so, those of the settings included; empty without partners.
      similar: An unmatched id and a similar id that has a row; None if there is none.
      examples: Some ids that have a row.
    """

    num_ids: int
    num_known: int
    partners: dict[str, str]
    rules: tuple[IdNormalisation, ...]
    similar: tuple[str, str] | None
    examples: tuple[str, ...]


def diagnose(unmatched: Iterable[str], known: Iterable[str], settings: IdsSettings) -> Diagnosis:
    """Compares unmatched ids with all ids that have a row.

    Args:
      unmatched: Ids without a row, normalised by `settings`.
      known: All ids that have a row, normalised by `settings`.
      settings: The rules that are applied already.
    """
    ids = sorted(unmatched)
    wanted: dict[str, list[str]] = {}
    for text in ids:
        wanted.setdefault(_ALL_RULES(text), []).append(text)
    partners: dict[str, str] = {}
    examples: list[str] = []
    num_known = 0
    for text in known:
        num_known += 1
        for other in wanted.get(_ALL_RULES(text), ()):
            partners[other] = min(text, partners.get(other, text))
        if len(examples) < _NUM_KNOWN:
            examples.append(text)
    rules = _fewest_rules(partners, settings) if partners else ()
    similar = _similar(ids, examples) if not partners else None
    return Diagnosis(len(ids), num_known, partners, rules, similar, tuple(sorted(examples)[:3]))


def _fewest_rules(partners: dict[str, str], settings: IdsSettings) -> tuple[IdNormalisation, ...]:
    """Returns the smallest set of rules that makes all pairs equal, in the order of the rules."""
    others = [rule for rule in _RULES if rule not in settings.normalise]
    for size in range(1, len(others) + 1):
        for added in itertools.combinations(others, size):
            chosen = tuple(rule for rule in _RULES if rule in (*settings.normalise, *added))
            normalise = IdNormaliser(IdsSettings(normalise=chosen))
            if all(normalise(one) == normalise(other) for one, other in partners.items()):
                return chosen
    return _RULES


def _similar(ids: list[str], known: list[str]) -> tuple[str, str] | None:
    for text in ids[:_NUM_COMPARED]:
        close = difflib.get_close_matches(text, known, n=1, cutoff=_SIMILAR)
        if close:
            return text, close[0]
    return None


def spelled_otherwise(ids: Iterable[str], known: pa.StringArray) -> dict[str, str]:
    """Returns an id that is known in another spelling, by the id that is not known.

    Only spellings that can be derived from the id itself are tried, so that the cost does not
    depend on the number of known ids: rules of `ids.normalise`, upper case, decomposed accents and
    an added `.0`.
    """
    pairs = [(text, other) for text in ids for other in _spellings(text)]
    others = pa.array([other for _, other in pairs], pa.string())
    is_known = pc.is_in(others, value_set=known).to_pylist()
    return dict(
        pair for pair, found in zip(reversed(pairs), reversed(is_known), strict=True) if found
    )


def _spellings(text: str) -> Iterator[str]:
    forms = [IdNormaliser(IdsSettings(normalise=(rule,)))(text) for rule in _RULES]
    forms += [text.upper(), text.title(), unicodedata.normalize("NFD", text), f"{text}.0"]
    yield from (form for form in (*forms, _ALL_RULES(text)) if form != text)
