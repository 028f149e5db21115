"""Which columns of a catalogue are useful features, and of which kind."""

from typing import Any

import pytest

from pipeline.init.certainty import Certainty
from pipeline.init.column import column_of
from pipeline.init.feature_proposal import FeatureProposal
from pipeline.init.features import propose_feature
from schemas.source_settings import FeatureKind, SourceSettings

ROWS = 120
SOURCE = SourceSettings(path="items.csv", format="csv")
LISTS, TIME = FeatureKind.CATEGORIES, FeatureKind.TIMESTAMP
WORDS = ("copper", "silent", "ivory", "hidden", "electric", "last", "first")


def words(row: int, count: int) -> str:
    return " ".join(WORDS[(row * 3 + at * (row + 1)) % len(WORDS)] for at in range(count))


# The name of a column, its value in a row, the expected kind and settings; None if it is of no use.
COLUMNS: list[tuple[str, Any, FeatureKind | None, dict[str, str]]] = [
    ("title", lambda n: f"The {words(n, 3)} {n}", FeatureKind.TEXT, {}),
    ("description", lambda n: f"<p>{words(n, 9)} {n}</p>", FeatureKind.TEXT, {"html": "strip"}),
    ("名前", lambda n: f"電気羊の夢の本第{n}巻", FeatureKind.TEXT, {"tokens": "characters"}),
    ("brand", lambda n: WORDS[n % 7], FeatureKind.CATEGORY, {}),
    ("brand_id", lambda n: str(n % 9), FeatureKind.CATEGORY, {}),
    ("genres", lambda n: f"{WORDS[n % 7]}|{WORDS[n % 5]}", LISTS, {"separator": "|"}),
    ("tags", lambda n: f"{WORDS[n % 7]}, {WORDS[n % 3]}", LISTS, {"separator": ","}),
    ("labels", lambda n: f"['{WORDS[n % 7]}', 'all']", LISTS, {"list_format": "literal"}),
    ("lists", lambda n: [WORDS[n % 7], "all"], LISTS, {}),
    ("price", lambda n: f"{n * 1.37:.2f}", FeatureKind.NUMBER, {}),
    ("pages", lambda n: n * 7 + 30, FeatureKind.NUMBER, {}),
    ("year", lambda n: 1900 + n, FeatureKind.NUMBER, {}),
    ("stars", lambda n: n % 5, FeatureKind.CATEGORY, {}),
    ("new", lambda n: n % 2 == 0, FeatureKind.CATEGORY, {}),
    ("released", lambda n: f"20{n % 20:02d}-05-31", TIME, {"timestamp_unit": "iso8601"}),
    ("seen", lambda n: 1_700_000_000_000 + n, TIME, {"timestamp_unit": "ms"}),
    ("mostly", lambda n: "—" if n % 20 == 0 else str(n), None, {}),
    ("dollars", lambda n: f"${n}.50", None, {}),
    ("link", lambda n: f"https://shop.example/{n}", None, {}),
    ("imdb_id", lambda n: 100_000 + n, None, {}),
    ("hash", lambda n: f"{n * 7919 % 100_003:08x}", None, {}),
    ("constant", lambda n: "x", None, {}),
    ("empty", lambda n: "", None, {}),
    ("objects", lambda n: [{"url": n}], None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "is_certain"), [("1.{:03d}", False), ("0.{:03d}", True)])
def test_points_that_may_separate_thousands_are_named(text: str, is_certain: bool) -> None:
    column = column_of("price", [text.format(100 + row) for row in range(ROWS)], SOURCE)
    found = propose_feature(column, is_item=True)
    assert isinstance(found, FeatureProposal)
    assert (found.certainty is Certainty.CERTAIN) == is_certain
    assert ("separate thousands" in found.reason) != is_certain


@pytest.mark.parametrize(
    ("name", "value", "kind", "settings"), COLUMNS, ids=[c[0] for c in COLUMNS]
)
def test_a_column_of_items(
    name: str, value: Any, kind: FeatureKind | None, settings: dict[str, str]
) -> None:
    column = column_of(name, [value(row) for row in range(ROWS)], SOURCE)
    found = propose_feature(column, is_item=True)
    if kind is None:
        assert not isinstance(found, FeatureProposal), found
        assert found.reason
    else:
        assert isinstance(found, FeatureProposal), found
        assert (found.kind, dict(found.settings)) == (kind, settings)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (lambda n: f"0{n + 1000}", None),
        (lambda n: ["a", "b"], None),
        (lambda n: f"2014-05-{n % 28 + 1:02d}", None),
        (lambda n: f"name {n}", None),
        (lambda n: 18 + n % 60, FeatureKind.NUMBER),
        (lambda n: WORDS[n % 7], FeatureKind.CATEGORY),
    ],
    ids=["postal code", "list", "date", "name", "age", "word"],
)  # fmt: skip
def test_users_have_categories_and_numbers_only(value: Any, kind: FeatureKind | None) -> None:
    column = column_of("column", [value(row) for row in range(ROWS)], SOURCE)
    found = propose_feature(column, is_item=False)
    assert (found.kind if isinstance(found, FeatureProposal) else None) == kind
