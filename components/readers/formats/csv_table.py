"""What all rows of one delimited file share, and how one that does not fit is rejected."""

from dataclasses import dataclass

from schemas.errors import InputError
from schemas.events import Reject, RejectReason


@dataclass(frozen=True)
class CsvTable:
    """The layout of one file.

    Attributes:
      path: The file.
      encoding: Of its lines.
      delimiter: Of one character or several.
      header: Its column names.
      positions: Of the wanted columns among them.
    """

    path: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    positions: tuple[int, ...]

    def unparseable(self, line: int, problem: str, text: str) -> Reject:
        """The rejection of a row that has no fields."""
        return Reject(self.path, line, RejectReason.UNPARSEABLE, problem, text)

    def wrong_width(self, line: int, width: int, text: str) -> Reject:
        """The rejection of a row with more or fewer fields than columns."""
        detail = f"{width} fields, expected {len(self.header)}: {', '.join(self.header)}"
        if "\r" in text:
            detail += " (it holds carriage returns (\\r) that end no line)"
        return self.unparseable(line, detail, text)


def positions_of(path: str, header: tuple[str, ...], columns: tuple[str, ...]) -> tuple[int, ...]:
    """Where the wanted columns stand in a header.

    Raises:
      InputError: One is not there.
    """
    for name in columns:
        if name not in header:
            raise InputError(f"{path}: no column {name!r} in its header ({', '.join(header)})")
    return tuple(header.index(name) for name in columns)
