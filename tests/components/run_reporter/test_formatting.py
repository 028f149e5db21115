"""Numbers, times and names are formatted for display."""

from typing import Any

import pytest

from components.records.time_columns import row_of_time
from components.run_reporter import formatting as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (0, "0"),
        (1234567, "1,234,567"),
        (0.123456, "0.1235"),
        (12034.5, "12,034"),
        ("scann", "scann"),
    ],
)
def test_number(value: Any, text: str) -> None:
    assert fmt.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (59.6, "1 min 00 s")],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(None, "–"), (999, "999 B"), (1000, "1.0 kB"), (2_345_678, "2.3 MB"), (10**16, "10000.0 TB")],
)
def test_size(size_bytes: float | None, text: str) -> None:
    assert fmt.size(size_bytes) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "–"),
        ("2024-05-01T23:30:59+02:00", "2024-05-01 21:30 UTC"),
        ("2024-05-01T21:30:00Z", "2024-05-01 21:30 UTC"),
        ("2024-05-01T21:30:00", "2024-05-01 21:30"),
        (row_of_time(287_107), "file 1, line 287107"),
    ],
)
def test_instant(text: str | None, expected: str) -> None:
    assert fmt.instant(text) == expected


def test_natural_order() -> None:
    names = ["recall@100", "mrr", "recall@20", "recall@5", "10+", "0", "1-2"]
    ordered = ["0", "1-2", "10+", "mrr", "recall@5", "recall@20", "recall@100"]
    assert sorted(names, key=fmt.natural_key) == ordered
