"""Formats numbers, times and names for the console and for the HTML report."""

import json
import re
from datetime import datetime, timezone
from typing import Any

NOTHING = "–"
_DIGITS = re.compile(r"([0-9]+)")
# The form of `components.records.time_columns.row_of_time`.
_ROW = re.compile(r"file \d+, line \d+")
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: Any) -> str:
    """Formats an integer with thousands separators, another number with four significant digits.

    The elements of a list, and the keys and values of a mapping, are separated by commas.

    >>> number(12_034), number(0.123456), number(None), number({"p50": 1.5, "calls": [3, True]})
    ('12,034', '0.1235', '–', 'p50 1.5, calls 3, yes')
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{label(str(key))} {number(part)}" for key, part in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(number, value)) or NOTHING
    return str(value)


def setting(value: Any) -> str:
    """Formats a value as in the configuration: text as it is, anything else as YAML reads it.

    >>> setting("softmax"), setting(True), setting(None), setting([1, 2]), setting(1e-05)
    ('softmax', 'true', 'null', '[1, 2]', '1e-05')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def metric(value: float | None) -> str:
    """Formats a metric: an integer or a value above 1 as `number` does, others to four decimals."""
    if value is None:
        return NOTHING
    return number(value) if isinstance(value, int) or abs(value) > 1 else f"{value:.4f}"


def interval(bounds: tuple[float, float] | None, signed: bool = False) -> str:
    """Formats a confidence interval, with signs if it is of a difference; "" for None."""
    if bounds is None:
        return ""
    return f"{bounds[0]:+.4f} … {bounds[1]:+.4f}" if signed else f"{bounds[0]:.4f}–{bounds[1]:.4f}"


def duration(seconds: float | None) -> str:
    """Formats a duration: "0.4 s", "12 s" or "3 min 05 s"."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def instant(text: str | None) -> str:
    """Formats an ISO 8601 time to the minute: "2024-05-01 09:30 UTC".

    A row, which is the time of an event in a log without times, is returned unchanged.
    """
    if not text:
        return NOTHING
    if _ROW.fullmatch(text):
        return text
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def size(size_bytes: float | None) -> str:
    """Formats a size in bytes with units of powers of 1000: "512 B", "12.3 MB"."""
    if size_bytes is None:
        return NOTHING
    value, unit = float(size_bytes), 0
    while value >= 1000 and unit < len(_BYTE_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_BYTE_UNITS[unit]}" if unit else f"{value:.0f} B"


def label(name: str) -> str:
    """Converts an identifier to words: `recent_popularity` → "recent popularity"."""
    return name.replace("_", " ")


def natural_key(name: str) -> list[tuple[int, str]]:
    """Returns a sort key that orders numbers in names by value: recall@20 before recall@100."""
    return [(int(part or -1), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(name)]
