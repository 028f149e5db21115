"""The other spelling of an id that has a row, and the fewest rules that make both equal."""

import pyarrow as pa
import pytest

from components.example_gen.id_diagnosis import diagnose, spelled_otherwise
from schemas.id_settings import IdsSettings
from schemas.settings import from_dict


@pytest.mark.parametrize(
    ("unmatched", "known", "rules", "pair"),
    [
        (["105.0", "7.0"], ["105", "7"], "decimal_zero", ("105.0", "105")),
        (["105"], ["105.00"], "decimal_zero", ("105", "105.00")),
        (["sku-1"], ["SKU-1", "SKU-2"], "case", ("sku-1", "SKU-1")),
        (["7"], ["0007"], "leading_zeros", ("7", "0007")),
        (["é"], ["e\u0301"], "unicode", ("é", "e\u0301")),
        (["a"], ["\ufeffa"], "trim", ("a", "\ufeffa")),
        (["E\u0301-1"], ["é-1"], "unicode, case", ("E\u0301-1", "é-1")),
        (["007.0", "x"], ["7"], "decimal_zero, leading_zeros", ("007.0", "7")),
    ],
)
def test_rules_that_make_ids_equal(
    unmatched: list[str], known: list[str], rules: str, pair: tuple[str, str]
) -> None:
    found = diagnose(unmatched, known, IdsSettings())
    assert ", ".join(rule.value for rule in found.rules) == rules
    assert found.partners[pair[0]] == pair[1]
    assert (found.num_ids, found.num_known) == (len(unmatched), len(known))


def test_rules_of_the_settings_are_kept() -> None:
    settings = from_dict(IdsSettings, {"normalise": ["decimal_zero"]})
    found = diagnose(["a-1"], ["A-1"], settings)
    assert [rule.value for rule in found.rules] == ["case", "decimal_zero"]


def test_ids_without_another_spelling() -> None:
    found = diagnose(["item-17"], ["item_17", "other"], IdsSettings())
    assert (found.partners, found.rules) == ({}, ())
    assert found.similar == ("item-17", "item_17")
    assert diagnose(["x"], ["123", "45"], IdsSettings()).similar is None
    assert diagnose(["x"], [], IdsSettings()).num_known == 0


def test_other_spellings_of_an_unknown_id() -> None:
    known = pa.array(["105", "SKU-1", "9.0", "e\u0301"])
    found = spelled_otherwise(["105.0", "0105", "sku-1", "9", "é", "new"], known)
    assert found == {"105.0": "105", "0105": "105", "sku-1": "SKU-1", "9": "9.0", "é": "e\u0301"}
    assert spelled_otherwise([], known) == {}
