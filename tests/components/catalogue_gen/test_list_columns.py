"""Columns of lists that are written as text, from the items files to candidates."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.examples.read import RawCatalogue
from schemas.errors import InputError
from schemas.settings import DataSettings
from tests.components.catalogue_gen.catalogues import rejects, run, settings

LISTS = [["Action", "Comedy"], [], ["It's | fine"], ["Drama"], [36, 94, 36]]
EXPECTED = [["Action", "Comedy"], [], ["It's | fine"], ["Drama"], ["36", "94"]]


def catalogue(folder: Path, texts: list[Any], **genres: Any) -> DataSettings:
    features = {"genres": {"kind": "categories", **genres}}
    fields = {"item_id": "item"}
    data = settings(
        folder,
        "",
        path=str(folder / "items.jsonl"),
        format="jsonl",
        fields=fields,
        features=features,
    )
    rows = [{"item": f"i{n}", "genres": text} for n, text in enumerate(texts)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return data


def genres(catalogue: RawCatalogue) -> list[list[str]]:
    """Returns the genres of each item without the padding."""
    return [[text.decode() for text in row if text] for row in catalogue.features["genres"]]


@pytest.mark.parametrize("write", [repr, json.dumps, lambda values: values])
@pytest.mark.parametrize("list_format", ["auto", "literal"])
def test_written_lists_equal_real_ones(tmp_path: Path, write: Any, list_format: str) -> None:
    data = catalogue(tmp_path, [write(values) for values in LISTS], list_format=list_format)
    report, found = run(data, tmp_path)
    assert report.kept == len(LISTS)
    assert genres(found) == EXPECTED


def test_lists_in_csv(tmp_path: Path) -> None:
    rows = 'item,genres\na,"[\'Action\', \'Comedy\']"\nb,"[""Drama""]"\nc,[]\nd,\n'
    data = settings(
        tmp_path,
        rows,
        fields={"item_id": "item"},
        features={"genres": {"kind": "categories", "separator": ","}},
    )
    _, found = run(data, tmp_path)
    assert genres(found) == [["Action", "Comedy"], ["Drama"], [], []]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["['a', 'b']", "c|d"], "items.features.genres: one text .*items.jsonl, line 1"),
        (["c", "d", "['a']"], r"line 3\) is a list .* 2 texts .*line 1, …\) are each not"),
        (["['a' 'b']", ""], "one text .* in square brackets but not a list"),
        (["[]", "[nan]"], "one text .*line 2.* is not"),
    ],
)
def test_ambiguous_columns_are_rejected(tmp_path: Path, texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        run(catalogue(tmp_path, texts), tmp_path)
    assert "set items.features.genres.list_format: literal" in str(caught.value)


def test_list_format_decides_ambiguous_columns(tmp_path: Path) -> None:
    texts = ["['a', 'b']", "c|d", "", "[]"]
    _, found = run(catalogue(tmp_path, texts, list_format="separated"), tmp_path)
    assert genres(found) == [["['a', 'b']"], ["c", "d"], [], ["[]"]]

    report, found = run(catalogue(tmp_path, texts, list_format="literal"), tmp_path)
    assert genres(found) == [["a", "b"], [], []]
    (reject,) = rejects(tmp_path)
    assert (reject["line"], reject["reason"]) == (2, "bad_value")
    assert "expected a list of JSON or Python" in reject["detail"]
    assert report.kept == 3


def test_lists_of_objects_are_rejected(tmp_path: Path) -> None:
    texts = ["[{'id': 16, 'name': 'Animation'}]", "['a']"]
    report, _ = run(catalogue(tmp_path, texts), tmp_path)
    assert report.rejects == {"bad_value": 1}


@pytest.mark.parametrize("texts", [["[Live]", "Rock"], ["(1999)", "[a]|[b]"]])
def test_bracketed_categories_remain_texts(tmp_path: Path, texts: list[str]) -> None:
    _, found = run(catalogue(tmp_path, texts), tmp_path)
    assert genres(found) == [text.split("|") for text in texts]


@pytest.mark.parametrize("texts", [["Drama|NULL", "nan | NA"], ["['Drama']", "['nan', 'NA']"]])
def test_words_for_missing_values_are_no_categories(tmp_path: Path, texts: list[str]) -> None:
    _, found = run(catalogue(tmp_path, [*texts, ["War", None, "\\N"], "NULL"]), tmp_path)
    assert genres(found) == [["Drama"], ["NA"], ["War"], []]
