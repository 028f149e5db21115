"""The counts of an ingestion as text tables."""

from typing import Any

from components.records.time_columns import row_of_time
from pipeline.commands.ingest_table import render_counts

SPLIT = {"first": "2024-01-01T00:00:00Z", "last": "2024-02-01T12:34:56Z"}
COUNTS: dict[str, Any] = {
    "read": 12_345,
    "kept": 12_000,
    "rejects": {"duplicate": 300, "late": 45},
    "splits": {
        "train": {"events": 9_600, "targets": 9_500, "windows": 400, **SPLIT},
        "eval": {"events": 1_200, "targets": 1_200, "windows": 300, **SPLIT},
        "test": {"events": 1_200, "targets": 1_200, "windows": 300, **SPLIT},
    },
    "users": 321,
    "items": 87,
    "seconds": 61.0,
    "users_file": {"read": 50, "kept": 40, "rejects": {"duplicate": 10}},
    "catalogue": {
        "read": 101,
        "kept": 100,
        "rejects": {"bad_value": 1},
        "items": 102,
        "logged_only": 2,
        "never_logged": 15,
        "seconds": 4.0,
    },
}


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_every_source_has_a_column_and_every_reason_a_row() -> None:
    table = rows(render_counts(COUNTS))
    for row in (
        ["records", "log", "users", "file", "items", "file"],
        ["read", "12,345", "50", "101"],
        ["kept", "12,000", "40", "100"],
        ["rejected", "345", "10", "1"],
        ["duplicate", "300", "10", "–"],
        ["late", "45", "–", "–"],
        ["bad_value", "–", "–", "1"],
        ["never", "logged", "15"],
        ["without", "a", "kept", "event", "15"],  # 102 - 87
        ["time", "1", "min", "05", "s"],
    ):
        assert any(line[-len(row) :] == row for line in table), row


def test_a_log_without_other_sources_has_one_column() -> None:
    counts = {**COUNTS, "users_file": None, "catalogue": {"read": 0, "kept": 0, "seconds": 0.0}}
    table = rows(render_counts(counts))
    assert table[:4] == [
        ["records", "log"],
        ["read", "12,345"],
        ["kept", "12,000"],
        ["rejected", "345"],
    ]


def test_columns_are_aligned_and_splits_have_a_period() -> None:
    lines = render_counts(COUNTS).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("split"))
    ends = {
        line.index(text) + len(text)
        for line, text in zip(
            lines[start + 1 : start + 4], ("9,600", "1,200", "1,200"), strict=True
        )
    }
    assert ends == {lines[start].index("events") + len("events")}
    assert lines[start + 1].endswith("2024-01-01 00:00 UTC  2024-02-01 12:34 UTC")


def test_a_log_without_times_has_rows_in_place_of_a_period() -> None:
    split = {
        "events": 3,
        "targets": 2,
        "windows": 1,
        "first": row_of_time(1),
        "last": row_of_time(9),
    }
    text = render_counts({**COUNTS, "splits": {"train": split}})
    assert any(line.endswith("file 1, line 1  file 1, line 9") for line in text.splitlines())
