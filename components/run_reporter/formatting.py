"""Numbers and names as a person reads them, the same on the console and on the page."""

from typing import Any

NOTHING = "–"
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: Any) -> str:
    """An integer with its thousands apart, another number with four significant digits."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)


def metric(value: float | None) -> str:
    """A ranking metric, between 0 and 1, to four decimals; counts as integers."""
    if value is None:
        return NOTHING
    return number(value) if isinstance(value, int) or abs(value) > 1 else f"{value:.4f}"


def interval(bounds: tuple[float, float] | None) -> str:
    """A confidence interval, "" where there is none."""
    return f"{bounds[0]:.4f}–{bounds[1]:.4f}" if bounds else ""


def duration(seconds: float | None) -> str:
    """"0.4 s", "12 s" or "3 min 05 s"."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def size(size_bytes: float | None) -> str:
    """"512 B", "12.3 MB" (powers of 1000)."""
    if size_bytes is None:
        return NOTHING
    value = float(size_bytes)
    for unit in _BYTE_UNITS[:-1]:
        if value < 1000:
            break
        value /= 1000
    else:
        unit = _BYTE_UNITS[-1]
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def label(name: str) -> str:
    """An identifier as words: `recent_popularity` → "recent popularity"."""
    return name.replace("_", " ")
