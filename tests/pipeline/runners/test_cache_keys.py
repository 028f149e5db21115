"""Cache keys change with every input that a step reads, and with no other input."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from components.readers.bigquery_metadata import QueryMetadata
from pipeline.runners import cache_keys as module
from pipeline.runners.cache_keys import CacheKeys, cache_keys
from schemas.errors import InputError
from schemas.settings import Settings, from_dict
from tests.components.readers.memory_files import memory_files

FIELDS = {"user_id": "user", "item_id": "item", "timestamp": "time"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("2024-05-01.csv", "items.csv", "users.csv", "erase.txt", "schema.pbtxt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def settings(folder: Path, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "name": "shop",
        "output": "runs",
        "interactions": {
            "path": f"{folder}/{{YYYY}}-{{MM}}-{{DD}}.csv",
            "range": {"last": 1},
            "format": "csv",
            "fields": FIELDS,
        },
        "items": {
            "path": f"{folder}/items.csv",
            "format": "csv",
            "fields": {"item_id": "item"},
            **changes.pop("items", {}),
        },
        "users": {
            "path": f"{folder}/users.csv",
            "format": "csv",
            "fields": {"user_id": "user"},
        },
        "erase": {"user_ids_path": f"{folder}/erase.txt"},
        "schema": f"{folder}/schema.pbtxt",
    }
    return from_dict(Settings, {**values, **changes})


def changed(before: CacheKeys, after: CacheKeys) -> set[str]:
    values = {field.name: getattr(before, field.name) for field in dataclasses.fields(before)}
    return {name for name, value in values.items() if getattr(after, name) != value} - {"launch_id"}


INTERACTIONS, CATALOGUE = "interactions_fingerprint", "catalogue_fingerprint"


@pytest.mark.parametrize(
    ("name", "items", "expected"),
    [
        (None, {}, set()),
        ("2024-05-02.csv", {}, {INTERACTIONS}),
        ("2024-05-02.csv", {"unknown": "accept"}, {INTERACTIONS, CATALOGUE}),
        ("2024-05-02.csv", {"never_logged": "strict"}, {INTERACTIONS, CATALOGUE}),
        ("2024-04-30.csv", {"unknown": "accept"}, set()),
        ("items.csv", {}, {CATALOGUE}),
        ("users.csv", {}, {INTERACTIONS}),
        ("erase.txt", {}, {INTERACTIONS, CATALOGUE}),
        ("schema.pbtxt", {}, {"curated_schema_hash"}),
    ],
)
def test_a_changed_input_changes_the_keys_of_its_readers(
    folder: Path, name: str | None, items: dict[str, str], expected: set[str]
) -> None:
    run = settings(folder, items=items)
    before = cache_keys(run)
    if name is not None:
        (folder / name).write_text("another content")
    after = cache_keys(run)
    assert changed(before, after) == expected
    assert before.launch_id != after.launch_id


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"erase": {"item_ids_path": "no.txt"}}, "erase.item_ids_path: there is no file no.txt"),
        ({"schema": "no.pbtxt"}, "schema: no.pbtxt: no such file"),
        ({"items": {"path": "no.csv"}}, "items.path: no file matches no.csv"),
    ],
)
def test_a_missing_input_is_reported_with_its_key(
    folder: Path, changes: dict[str, Any], part: str
) -> None:
    with pytest.raises(InputError) as caught:
        cache_keys(settings(folder, **changes))
    assert part in str(caught.value)


def test_a_remote_schema_is_read(folder: Path) -> None:
    run = settings(folder, schema="memory://bucket/schema.pbtxt")
    with memory_files() as contents:
        contents["memory://bucket/schema.pbtxt"] = b"feature {}"
        before = cache_keys(run)
        contents["memory://bucket/schema.pbtxt"] = b""
        assert changed(before, cache_keys(run)) == {"curated_schema_hash"}


def query_settings(folder: Path) -> Settings:
    query = {"format": "bigquery", "query": "SELECT * FROM log", "fields": FIELDS}
    return settings(folder, interactions=query)


def test_the_key_of_a_query_depends_on_its_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modified = "2024-05-01"

    def describe(query: str, beam_args: tuple[str, ...]) -> QueryMetadata:
        return QueryMetadata(("User", "item", "time"), (("shop.log", modified),), "")

    monkeypatch.setattr(module, "describe_query", describe)
    before = cache_keys(query_settings(folder))
    assert changed(before, cache_keys(query_settings(folder))) == set()
    modified = "2024-05-02"
    assert changed(before, cache_keys(query_settings(folder))) == {INTERACTIONS}


def test_a_query_without_a_column_is_rejected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = QueryMetadata(("user", "item", "event", "event.time"), (), "")
    monkeypatch.setattr(module, "describe_query", lambda query, beam_args: facts)
    with pytest.raises(InputError, match=r"interactions.fields.timestamp: the query has no column"):
        cache_keys(query_settings(folder))


def test_a_query_needs_a_project(folder: Path) -> None:
    with pytest.raises(InputError, match=r"^interactions\.query: beam\.args: .*--project"):
        cache_keys(query_settings(folder))
