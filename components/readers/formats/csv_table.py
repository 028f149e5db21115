"""The layout of one delimited file, and the rejections of rows that do not match it."""

from dataclasses import dataclass

from components.readers.formats.dialect import Dialect
from components.readers.formats.layout_hints import explain_width
from schemas.errors import InputError
from schemas.events import Reject, RejectReason


@dataclass(frozen=True)
class CsvTable:
    """The layout of one file.

    Attributes:
      path: The file.
      encoding: The encoding of its lines.
      dialect: How its lines are split into fields.
      header: Its column names.
      positions: The indices of the wanted columns in `header`.
    """

    path: str
    encoding: str
    dialect: Dialect
    header: tuple[str, ...]
    positions: tuple[int, ...]

    def unparseable(self, line: int, problem: str, text: str) -> Reject:
        """Returns the rejection of a row that cannot be split into fields."""
        return Reject(self.path, line, RejectReason.UNPARSEABLE, problem, text)

    def wrong_width(self, line: int, width: int, text: str) -> Reject:
        """Returns the rejection of a row with more or fewer fields than the header."""
        detail = f"{width} fields, expected {len(self.header)}: {', '.join(self.header)}"
        if "\r" in text:
            detail += " (it contains carriage returns (\\r) that are not line ends)"
        elif explanation := explain_width(text, self.dialect, len(self.header)):
            detail += f" ({explanation})"
        return self.unparseable(line, detail, text)


def positions_of(path: str, header: tuple[str, ...], columns: tuple[str, ...]) -> tuple[int, ...]:
    """Returns the indices of the wanted columns in a header.

    Raises:
      InputError: A column is missing.
    """
    for name in columns:
        if name not in header:
            raise InputError(f"{path}: no column {name!r} in its header ({', '.join(header)})")
    return tuple(header.index(name) for name in columns)
