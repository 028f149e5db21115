"""Tests of the text about rejects in error messages."""

from typing import Any

import pytest

from components.records.summary_file import format_rejects

EXAMPLE = {"file": "log.csv", "line": 4, "detail": "no column 7", "raw": "a,b"}


def summary(**example: Any) -> dict[str, Any]:
    return {
        "rejects": [["interactions", "late", 2], ["interactions", "unparseable", 3]],
        "examples": [["interactions", "unparseable", {**EXAMPLE, **example}]],
    }


@pytest.mark.parametrize(
    ("example", "end"),
    [
        ({}, "log.csv, line 4: no column 7. The record: a,b"),
        ({"raw": ""}, "log.csv, line 4: no column 7."),
        ({"raw": "", "detail": ""}, "log.csv, line 4."),
    ],
)
def test_an_example_shows_only_permitted_content(example: dict[str, str], end: str) -> None:
    text = format_rejects(summary(**example), "interactions")
    assert text == f"By reason: unparseable: 3, late: 2. For example {end}"


def test_the_text_is_empty_without_rejects() -> None:
    assert format_rejects(summary(), "items") == ""
