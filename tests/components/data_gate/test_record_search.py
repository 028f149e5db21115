"""The search for records that illustrate the finding of a gate."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from components.data_gate import record_search as r
from schemas import tfmd
from schemas.features import Feature, FeatureTable
from schemas.privacy_settings import RejectsSettings
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


def equals(text: str) -> r.ValueMatcher:
    return lambda values: np.array([value == text.encode() for value in values], bool)


def find(
    folder: Path, matchers: dict[str, r.ValueMatcher], **settings: Any
) -> dict[str, list[Any]]:
    limits = RejectsSettings(**settings)
    finder = r.record_finder(str(folder), "events", tfmd.events_schema(TABLE), limits)
    return {name: list(texts) for name, texts in finder(matchers).items()}


def test_three_records_are_returned_without_their_missing_values(tmp_path: Path) -> None:
    rows = [event("a"), event("é", "tablet", 0.1), *(event(f"u{n}", "tablet") for n in range(5))]
    write_split(str(tmp_path), "events", rows)
    records = find(tmp_path, {"device": equals("tablet")})["device"]
    assert [json.loads(text)["user_id"] for text in records] == ["é", "u0", "u1"]
    assert records[0] == (
        '{"device": "tablet", "user_id": "é", "item_id": "i", '
        '"timestamp": "1970-01-02T00:00:00Z", "value": 0.1}'
    )


def test_a_matcher_may_match_the_missing_value_and_one_scan_serves_two_features(
    tmp_path: Path,
) -> None:
    write_split(str(tmp_path), "events", [event("a", value=9.0), event("b", "")])
    matchers: dict[str, r.ValueMatcher] = {"device": equals(""), "value": lambda values: values > 5}
    records = find(tmp_path, matchers)
    assert [json.loads(text)["user_id"] for text in records["device"]] == ["b"]
    assert json.loads(records["device"][0])["device"] is None
    assert [json.loads(text)["value"] for text in records["value"]] == [9.0]


def test_with_raw_off_no_record_is_read_or_returned(tmp_path: Path) -> None:
    assert find(tmp_path / "absent", {"device": equals("tv")}, raw=False) == {}


def test_long_records_are_cut_at_max_raw_characters(tmp_path: Path) -> None:
    write_split(str(tmp_path), "events", [event("a" * 500)])
    (text,) = find(tmp_path, {"device": equals("tv")}, max_raw_characters=40)["device"]
    assert text.endswith("… [cut]")
    assert len(text) == 40 + len("… [cut]")


def test_the_scan_ends_with_enough_records_and_at_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(r, "_BATCH_SIZE", 2)
    monkeypatch.setattr(r, "MAX_SCANNED", 6)
    write_split(str(tmp_path), "events", [event(f"u{n}", "web") for n in range(20)])
    sizes: list[int] = []

    def constant(is_match: bool) -> r.ValueMatcher:
        def matches(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
            sizes.append(len(values))
            return np.full(len(values), is_match)

        return matches

    assert len(find(tmp_path, {"device": constant(True)})["device"]) == r.MAX_RECORDS
    assert sum(sizes) == 4  # two batches contain three records
    sizes.clear()
    assert find(tmp_path, {"device": constant(False)})["device"] == []
    assert sum(sizes) == 6


def test_an_item_with_several_matching_values_is_returned_once(tmp_path: Path) -> None:
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
    assert json.loads(text) == {"genres": ["x", "y", "y"], "item_id": "a", "price": 1.5}
