"""A table of texts, for the page."""

import re
from dataclasses import dataclass
from typing import Any

from components.run_reporter.formatting import duration, label, number, size

UNIT = re.compile(r"_(?:bytes|ms|seconds)$")


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
      heads: The names of the columns.
      rows: The cells of each row as text.
    """

    heads: list[str]
    rows: list[list[str]]

    @classmethod
    def of_rows(cls, rows: list[dict[str, Any]]) -> "Table":
        """Returns the table of rows by column; a cell that a row does not have is a dash."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[with_unit(name, row.get(name)) for name in columns] for row in rows]
        return cls([label(UNIT.sub("", name)) for name in columns], cells)


def with_unit(name: str, value: Any) -> str:
    """Formats a value with the unit that the suffix of its name states."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return number(value)
    if name.endswith("_bytes"):
        return size(value)
    if name.endswith("_seconds"):
        return duration(value)
    return f"{number(value)} ms" if name.endswith("_ms") else number(value)
