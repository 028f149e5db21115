"""Sources: contradictions between path, query, range and format are reported."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import load_settings
from schemas.errors import InputError
from schemas.settings import Settings

FIELDS = {"user_id": "user", "item_id": "item", "timestamp": "time"}
DAYS = "log/{YYYY}-{MM}-{DD}.csv"


def load(folder: Path, **interactions: Any) -> Settings:
    values = {"format": "csv", "fields": FIELDS} | interactions
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"name": "a", "output": "b", "interactions": values}))
    return load_settings(str(file))


@pytest.mark.parametrize(
    "interactions",
    [
        {"path": "log.csv"},
        {"path": DAYS},
        {"path": DAYS, "range": {"last": 7}},
        {"path": DAYS, "range": {"begin": "2024-05-01", "allow_missing": True}},
        {"path": [DAYS, "old.csv"], "range": {"end": "2024-05-01"}},
        {"path": "log/{SPAN}/", "range": {"begin": 3, "end": "12"}},
        {"format": "bigquery", "query": "SELECT 1"},
    ],
)
def test_allowed(tmp_path: Path, interactions: dict[str, Any]) -> None:
    load(tmp_path, **interactions)


@pytest.mark.parametrize(
    ("interactions", "part"),
    [
        ({}, "interactions.path: this key is required"),
        ({"path": []}, "interactions.path: is empty"),
        ({"path": ""}, "interactions.path: is empty"),
        ({"path": "a", "explode": []}, "interactions.explode: is empty"),
        ({"path": "a", "explode": ["e", "e"]}, "interactions.explode: 'e' occurs twice"),
        ({"path": "a", "explode": ["e", "e.f"]}, "interactions.explode: e.f is a list within"),
        (
            {"path": "log.jsonl", "format": "jsonl", "csv": {"delimiter": ";"}},
            "interactions.csv: applies to format csv, but the format is jsonl",
        ),
        ({"query": "SELECT 1"}, "interactions.query: applies to format bigquery"),
        ({"format": "bigquery"}, "interactions.query: format bigquery requires a query"),
        (
            {"format": "bigquery", "query": "SELECT 1", "path": "log.csv"},
            "interactions.path: does not apply to format bigquery",
        ),
        (
            {"format": "bigquery", "query": "SELECT 1", "range": {"last": 1}},
            "interactions.range: applies to path",
        ),
        ({"path": "log.csv", "range": {"last": 1}}, "interactions.range: needs {YYYY}"),
        ({"path": DAYS, "range": {}}, "interactions.range: is empty; set last, or begin and end"),
        (
            {"path": DAYS, "range": {"last": 1, "begin": "2024-05-01"}},
            "interactions.range.last: cannot be combined",
        ),
        (
            {"path": DAYS, "range": {"begin": "2024-05-02", "end": "2024-05-01"}},
            "interactions.range.begin: 2024-05-02 is after range.end, 2024-05-01",
        ),
        (
            {"path": "log/{SPAN}", "range": {"begin": "2024-05-01"}},
            "interactions.range.begin: '2024-05-01', expected a number",
        ),
        ({"path": DAYS, "range": {"end": 12}}, "interactions.range.end: '12', expected a date"),
        (
            {"path": DAYS, "range": {"end": "2024-02-30"}},
            "interactions.range.end: '2024-02-30', expected a date as 2024-05-01",
        ),
        (
            {"path": [DAYS, "log/{SPAN}"], "range": {"last": 1}},
            "interactions.range: applies to either days or spans",
        ),
        ({"path": "log/{YYYY}-{MM}.csv"}, "interactions.path: log/{YYYY}-{MM}.csv: a date needs"),
        ({"path": DAYS, "range": {"lst": 1}}, "interactions.range.lst: unknown key"),
        ({"path": DAYS, "range": {"last": 0}}, "interactions.range.last"),
    ],
)
def test_rejected(tmp_path: Path, interactions: dict[str, Any], part: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, **interactions)
    assert part in str(caught.value)


def test_the_run_directory_is_local(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    interactions = {"path": "gs://bucket/log", "format": "csv", "fields": FIELDS}
    file.write_text(
        yaml.safe_dump({"name": "a", "output": "gs://bucket/runs", "interactions": interactions})
    )
    with pytest.raises(InputError, match=r"output: gs://bucket/runs is remote.*push\.serving_dir"):
        load_settings(str(file))
    assert load_settings(str(file), output="runs").interactions.path == "gs://bucket/log"
