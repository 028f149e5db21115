"""Search by title, and what is shown of items."""

from pathlib import Path

import numpy as np
import pytest

from components.examples.read import RawCatalogue
from pipeline.explorer.catalogue import Catalogue, Number, read_catalogue
from schemas.features import feature_table
from tests.pipeline.explorer.explorable_run import NUM_ITEMS, SCRIPT_TITLE, ExplorableRun
from tests.serving.shop import COLOURS, price

TITLES = ["The Red Door", "Red", "A door, redone", "Café  Rouge", "", "Ruby"]
ITEMS = Catalogue([f"i{n}" for n in range(len(TITLES))], TITLES)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # Beginnings of titles come first, then beginnings of words, then other places.
        ("red", ["i1", "i0", "i2"]),
        ("RED DOOR", ["i0", "i2"]),
        ("door red", ["i0", "i2"]),
        ("ed", ["i0", "i1", "i2"]),
        ("cafe", ["i3"]),
        ("CAFÉ rouge", ["i3"]),
        ("i4", ["i4"]),
        ("nothing", []),
        ("  ", ["i0", "i1", "i2", "i3", "i4", "i5"]),
    ],
)
def test_items_are_found_by_parts_of_their_titles(query: str, found: list[str]) -> None:
    assert ITEMS.search(query, 10) == found


def test_the_number_of_items_found_is_limited() -> None:
    assert ITEMS.search("r", 2) == ["i1", "i5"]
    assert ITEMS.search("", 3) == ["i0", "i1", "i2"]


def test_unknown_items_have_no_title() -> None:
    assert ITEMS.describe("x") == {"item_id": "x", "title": "", "details": []}
    assert ITEMS.describe("i3")["title"] == "Café Rouge"
    assert not Catalogue(["a"], None).has_titles
    assert Catalogue(["a"], None).search("A", 5) == ["a"]


def test_the_catalogue_of_a_run_has_titles_categories_and_numbers(run: ExplorableRun) -> None:
    found = read_catalogue(str(run.pipeline_root), run.shop.table)
    assert found is not None
    assert len(found) == NUM_ITEMS
    assert found.describe("item0") == {
        "item_id": "item0",
        "title": SCRIPT_TITLE,
        "details": ["red", "price 0"],
    }
    assert found.describe("item2")["details"] == ["blue", "new, sale", "price 14"]
    assert set(found.categories) == {"colour", "tags"}
    assert sorted(found.categories["colour"]) == sorted(COLOURS)
    prices = [price(row) for row in range(NUM_ITEMS)]
    assert found.numbers == [Number("price", False, min(prices), max(prices))]


def test_missing_values_are_not_shown(run: ExplorableRun) -> None:
    raw = RawCatalogue(
        np.array([b"a", b"b"], object),
        np.array([-1, -1]),
        {
            "title": np.array([b"", b"\xff"], object),
            "colour": np.array([b"", b"red"], object),
            "tags": np.array([[b"", b""], [b"x", b""]], object),
            "price": np.array([np.nan, np.nan], np.float32),
        },
    )
    found = Catalogue.of_examples(raw, run.shop.table)
    assert found.describe("a") == {"item_id": "a", "title": "", "details": []}
    assert found.describe("b") == {"item_id": "b", "title": "�", "details": ["red", "x"]}
    assert found.categories == {"colour": ["red"], "tags": ["x"]}
    assert found.numbers == [Number("price", False, None, None)]


def test_a_run_without_a_catalogue_has_none(run: ExplorableRun, tmp_path: Path) -> None:
    assert read_catalogue(str(tmp_path), feature_table(run.shop.data)) is None
