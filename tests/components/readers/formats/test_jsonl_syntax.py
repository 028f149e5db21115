"""Lines of Python literals, and JSON files that are not one object per line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.readers.formats.jsonl_syntax import parse_json, parse_python
from components.readers.read import find_columns, read_records
from components.readers.records import Record
from pipeline.config import parse_settings
from schemas.data_settings import InteractionsSettings
from schemas.errors import InputError
from schemas.events import Reject
from schemas.source_settings import JsonlSettings
from tests.components.readers.format_files import COLUMNS, FIELDS, configuration, events

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=3)


def source(path: Path, syntax: Any = "python") -> InteractionsSettings:
    return InteractionsSettings(
        path=str(path), format="jsonl", fields=FIELDS, jsonl=JsonlSettings(syntax=syntax)
    )


@given(OBJECTS)
def test_python_equals_json(value: dict[str, Any]) -> None:
    assert parse_python(repr(value).encode()) == parse_json(json.dumps(value).encode())


@pytest.mark.parametrize(
    "line", [b"{'a': open('x')}", b"{'a'", b"[1]", b"{1: 2}", b"\xff", b"{'a': 1} x", b"(" * 999]
)
def test_other_lines_are_rejected(line: bytes) -> None:
    value, problem = parse_python(line)
    assert value is None
    assert problem


def test_python_lines_are_read(tmp_path: Path) -> None:
    rows = events(5)
    path = tmp_path / "log.json"
    path.write_text("\n".join([*map(repr, rows[:3]), "", "{broken", *map(repr, rows[3:])]))
    found = list(read_records(str(path), source(path), COLUMNS))
    values = [record.values for record in found if isinstance(record, Record)]
    assert values == [tuple(row.values()) for row in rows]
    assert [reject.line for reject in found if isinstance(reject, Reject)] == [5]
    assert find_columns(str(path), source(path), ("user", "no")).missing == ["no"]


@pytest.mark.parametrize(
    ("syntax", "text", "message"),
    [
        ("json", "{'user': 'u', 'item': 'i'}\n{'user': 'v'}\n", "set jsonl.syntax: python"),
        ("json", "{'user': None}\n", "set jsonl.syntax: python"),
        ("python", '{"user": null}\n', "remove jsonl.syntax"),
        ("json", '[\n{"user": "u"},\n{"user": "v"}\n]\n', r"jq -c '\.\[\]'"),
        ("json", '[{"user": "u"}, {"user": "v"}]\n', r"jq -c '\.\[\]'"),
        ("json", '{\n  "user": "u"\n}\n{\n  "user": "v"\n}\n', r"jq -c '\.'"),
    ],
)
def test_other_syntax_is_explained(tmp_path: Path, syntax: str, text: str, message: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        find_columns(str(path), source(path, syntax), ("user",))


def test_one_damaged_line_is_no_other_syntax(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("{'user': 'u'}\n" + '{"user": "v"}\n')
    assert find_columns(str(path), source(path, "json"), ("user",)).missing == []


def test_syntax_applies_to_jsonl_only() -> None:
    with pytest.raises(InputError, match=r"interactions\.jsonl: applies to format jsonl"):
        parse_settings(configuration(jsonl={"syntax": "python"}), "c.yaml")
