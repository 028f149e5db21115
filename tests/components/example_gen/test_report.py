"""What an ingestion that came to nothing says."""

from typing import Any

import pytest

from components.records.write_rejects import rejections

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
def test_an_example_tells_what_may_be_shown(example: dict[str, str], end: str) -> None:
    text = rejections(summary(**example), "interactions")
    assert text == f"By reason: unparseable: 3, late: 2. For example {end}"


def test_a_source_without_rejections_says_nothing() -> None:
    assert rejections(summary(), "items") == ""
