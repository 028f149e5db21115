"""The search for records that show what a gate found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.data_gate import records as r
from schemas import tfmd
from schemas.data_settings import RejectsSettings
from schemas.features import Feature, FeatureTable
from schemas.source_settings import FeatureKind
from tests.examples import write_split

TABLE = FeatureTable(
    context=(Feature("device", FeatureKind.CATEGORY, "device"),),
    item=(
        Feature("genres", FeatureKind.CATEGORIES, "genres"),
        Feature("price", FeatureKind.NUMBER, "price"),
    ),
)
DAY_S = 86_400


def event(user: str, device: str = "tv", value: float = float("nan")) -> dict[str, list[Any]]:
    return {
        "user_id": [user],
        "item_id": ["i"],
        "timestamp": [DAY_S],
        "event_type": [""],
        "value": [value],
        "device": [device],
    }


def equals(wanted: str) -> r.Sought:
    return lambda values: np.array([value == wanted.encode() for value in values], bool)


def find(folder: Path, sought: dict[str, r.Sought], **settings: Any) -> dict[str, list[Any]]:
    limits = RejectsSettings(**settings)
    finder = r.record_finder(str(folder), "events", tfmd.events_schema(TABLE), limits)
    return {name: list(texts) for name, texts in finder(sought).items()}


def test_three_records_are_shown_in_full_but_for_what_is_missing(tmp_path: Path) -> None:
    rows = [event("a"), event("é", "tablet", 0.1), *(event(f"u{n}", "tablet") for n in range(5))]
    write_split(str(tmp_path), "events", rows)
    found = find(tmp_path, {"device": equals("tablet")})["device"]
    assert [json.loads(text)["user_id"] for text in found] == ["é", "u0", "u1"]
    assert found[0] == (
        '{"device": "tablet", "user_id": "é", "item_id": "i", '
        '"timestamp": "1970-01-02T00:00:00Z", "value": 0.1}'
    )


def test_the_missing_value_itself_can_be_sought_and_two_searches_are_one_scan(
    tmp_path: Path,
) -> None:
    write_split(str(tmp_path), "events", [event("a", value=9.0), event("b", "")])
    sought: dict[str, r.Sought] = {"device": equals(""), "value": lambda values: values > 5}
    found = find(tmp_path, sought)
    assert [json.loads(text)["user_id"] for text in found["device"]] == ["b"]
    assert json.loads(found["device"][0])["device"] is None
    assert [json.loads(text)["value"] for text in found["value"]] == [9.0]


def test_without_raw_records_nothing_is_shown_or_read(tmp_path: Path) -> None:
    assert find(tmp_path / "absent", {"device": equals("tv")}, raw=False) == {}


def test_long_records_are_cut_as_in_rejects(tmp_path: Path) -> None:
    write_split(str(tmp_path), "events", [event("a" * 500)])
    (text,) = find(tmp_path, {"device": equals("tv")}, max_raw_characters=40)["device"]
    assert text.endswith("… [cut]")
    assert len(text) == 40 + len("… [cut]")


def test_the_scan_ends_with_enough_records_and_at_its_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(r, "_BATCH", 2)
    monkeypatch.setattr(r, "MAX_SCANNED", 6)
    write_split(str(tmp_path), "events", [event(f"u{n}", "web") for n in range(20)])
    sizes: list[int] = []

    def seen(hit: bool) -> r.Sought:
        def sought(values: np.ndarray) -> np.ndarray:
            sizes.append(len(values))
            return np.full(len(values), hit)

        return sought

    assert len(find(tmp_path, {"device": seen(True)})["device"]) == r.MAX_RECORDS
    assert sum(sizes) == 4  # two batches hold three records
    sizes.clear()
    assert find(tmp_path, {"device": seen(False)})["device"] == []
    assert sum(sizes) == 6


def test_any_of_several_values_shows_an_item_once(tmp_path: Path) -> None:
    def item(item_id: str, *genres: str) -> dict[str, list[Any]]:
        return {
            "item_id": [item_id],
            "available_at": [-1],
            "genres": list(genres),
            "price": [1.5],
        }

    write_split(str(tmp_path), "catalogue", [item("a", "x", "y", "y"), item("b"), item("c", "x")])
    schema = tfmd.catalogue_schema(TABLE)
    finder = r.record_finder(str(tmp_path), "catalogue", schema, RejectsSettings())
    (text,) = finder({"genres": equals("y")})["genres"]
    shown = {"genres": ["x", "y", "y"], "item_id": "a", "price": 1.5}
    assert json.loads(text) == shown
