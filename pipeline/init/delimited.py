"""Which delimiter and quote a text file has, and whether its first line is a header."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from components.readers.formats.delimited import Row, read_rows
from components.readers.formats.dialect import Dialect
from components.readers.formats.layout_hints import (
    DELIMITERS,
    explain_adjacency,
    explain_blocks,
    is_value,
)
from pipeline.init.certainty import Certainty
from pipeline.init.words import is_known_name
from schemas.errors import InputError

# Smallest share of the rows with the most frequent number of fields. A file may contain malformed
# rows.
_REGULAR = 0.9
_QUOTED = 2
_USUAL = ("\t", ";", ",", "|", "::")


@dataclass(frozen=True)
class Delimited:
    """The layout of delimited text.

    Attributes:
      dialect: How a line is split into fields.
      width: The number of fields of a row.
      has_header: Whether the first row has the names of the columns.
      header_certainty: How sure `has_header` is.
    """

    dialect: Dialect
    width: int
    has_header: bool
    header_certainty: Certainty


@dataclass(frozen=True)
class _Trial:
    """The rows of a text in one dialect; `regular` is the share of the usual width."""

    dialect: Dialect
    rows: list[Row]
    width: int
    regular: float


def find_dialect(path: str, lines: Sequence[str]) -> Delimited:
    """Returns the layout of delimited text.

    Args:
      path: The file, for messages.
      lines: Its first lines, without line ends.

    Raises:
      InputError: The lines are in a layout that is not read, or have a single column.
    """
    if problem := explain_blocks(lines) or explain_adjacency(lines):
        raise InputError(f"{path}: {problem}")
    trials = [trial for delimiter in DELIMITERS if (trial := _best_quote(lines, delimiter))]
    if not trials:
        raise InputError(
            f"{path}: no delimiter splits its lines into columns (tried {_shown(DELIMITERS)}); a "
            "log needs at least a column of users, one of items and one of times. If the delimiter "
            "is another one, write the configuration by hand (csv.delimiter)"
        )
    chosen = _choose(trials)
    rows = [row.fields for row in chosen.rows if row.fields and len(row.fields) == chosen.width]
    has_header, certainty = _has_header(rows)
    return Delimited(chosen.dialect, chosen.width, has_header, certainty)


def _choose(trials: Sequence[_Trial]) -> _Trial:
    """Returns the trial with a usual delimiter, if any, that has the most columns.

    Titles and times contain delimiters, too, which may split each line into the same few columns.
    """
    regular = [trial for trial in trials if trial.regular >= _REGULAR]
    if not regular:
        return max(trials, key=lambda trial: trial.regular)
    usual = [trial for trial in regular if trial.dialect.delimiter in _USUAL]
    # `max` returns the first of equal trials, in the order of DELIMITERS.
    return max(usual, key=lambda trial: trial.width) if usual else regular[0]


def _shown(delimiters: Sequence[str]) -> str:
    return " ".join(repr(delimiter) for delimiter in delimiters)


def _best_quote(lines: Sequence[str], delimiter: str) -> _Trial | None:
    """Returns the most regular way to split lines at a delimiter; None if it is not possible."""
    first = [field.strip() for field in lines[0].split(delimiter)]
    dialects = [Dialect(delimiter), Dialect(delimiter, None), Dialect(delimiter, '"', "\\")]
    if all(len(field) >= _QUOTED and field[0] == field[-1] == "'" for field in first):
        dialects.insert(0, Dialect(delimiter, "'"))
    trials = [trial for dialect in dialects if (trial := _try(lines, dialect))]
    return max(trials, key=lambda trial: trial.regular) if trials else None


def _try(lines: Sequence[str], dialect: Dialect) -> _Trial | None:
    rows, _ = read_rows(list(enumerate(lines, 1)), dialect)
    widths = Counter(len(row.fields) for row in rows if row.fields is not None)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    first = rows[0].fields
    if width == 1 or first is None or len(first) != width:
        return None
    return _Trial(dialect, rows, width, count / len(rows))


def _has_header(rows: Sequence[list[str]]) -> tuple[bool, Certainty]:
    """Returns whether the first of some rows of equal width has names, and how sure this is."""
    first, others = [field.strip() for field in rows[0]], rows[1:]
    if any(map(is_value, first)):
        return False, Certainty.CERTAIN
    columns = list(zip(*others, strict=True))
    if any(map(is_known_name, first)) or any(_are_values(column) for column in columns):
        return True, Certainty.CERTAIN
    repeats = any(name in column for name, column in zip(first, columns, strict=False) if name)
    return not repeats and len(set(first)) == len(first), Certainty.GUESS


def _are_values(column: Sequence[str]) -> bool:
    fields = [field.strip() for field in column if field.strip()]
    return bool(fields) and all(map(is_value, fields))
