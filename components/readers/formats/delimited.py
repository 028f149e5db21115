"""Splits delimited text into rows, with quotes, quoted line breaks and delimiters of any length."""

import csv
from collections.abc import Sequence
from typing import NamedTuple

from components.readers.formats.dialect import Dialect

# A quoted field that is not closed after this many lines is a stray quote, not a long text; so is
# one that joins several lines to a row with more or fewer fields than the header.
MAX_LINES_PER_ROW = 100
_MAX_CHARACTERS_PER_ROW = 1 << 20

NumberedLine = tuple[int, str]


class Row(NamedTuple):
    """One row.

    Attributes:
      line: The number of its first line.
      fields: Its fields; None where it is malformed.
      text: Its lines.
      problem: Why it is malformed; "" where it is not.
    """

    line: int
    fields: list[str] | None
    text: str
    problem: str = ""


def read_rows(
    lines: Sequence[NumberedLine],
    dialect: Dialect,
    is_last: bool = True,
    width: int | None = None,
) -> tuple[list[Row], int]:
    r"""Splits numbered lines (without line ends) into rows; blank lines are not rows.

    Quotes that enclose a whole field follow RFC 4180. Other quotes are literal characters if the
    delimiter has several characters, which RFC 4180 does not cover, or if the row is one line. A
    line with a NUL character, the result of a crash or of another encoding, is malformed.

    >>> lines = [(1, 'a,"b'), (2, 'c",d'), (3, ""), (4, "e,f,g")]
    >>> rows, num_lines = read_rows(lines, Dialect(","))
    >>> [(row.line, row.fields) for row in rows], num_lines
    ([(1, ['a', 'b\nc', 'd']), (4, ['e', 'f', 'g'])], 4)

    Args:
      lines: Their numbers and texts.
      dialect: How lines are split into fields.
      is_last: Whether no lines follow. Otherwise the lines of a row that may continue in them
        remain unread.
      width: The number of fields that a row of several lines must have. With any other number its
        quote is a stray one, and only its first line is malformed.

    Returns:
      The rows, and the number of lines read, blank lines included.
    """
    rows = []
    at = 0
    while at < len(lines):
        row, following = read_row(lines, at, dialect, is_last, width)
        if following == at:
            break
        if row is not None:
            rows.append(row)
        at = following
    return rows, at


def read_row(
    lines: Sequence[NumberedLine],
    at: int,
    dialect: Dialect,
    is_last: bool = True,
    width: int | None = None,
) -> tuple[Row | None, int]:
    """Reads the row that begins at `lines[at]`.

    Returns:
      The row, None where the line is blank, and the index at which the next row begins: `at`
      itself where the row continues beyond the last line.
    """
    line, text = lines[at]
    if "\0" in text:
        problem = "it contains NUL characters: check how it was written"
        return Row(line, None, text, problem), at + 1
    if not dialect.is_plain(text):
        return _quoted_row(lines, at, dialect, is_last, width)
    if is_blank(text, dialect.delimiter):
        return None, at + 1
    return Row(line, dialect.split_unquoted(text), text), at + 1


def is_blank(text: str, delimiter: str) -> bool:
    r"""Returns whether a line is blank. A line of delimiters is a row of empty fields.

    >>> is_blank("  ", "\t"), is_blank(" \t ", "\t")
    (True, False)
    """
    return not text.strip() and delimiter not in text


def _quoted_row(
    lines: Sequence[NumberedLine], at: int, dialect: Dialect, is_last: bool, width: int | None
) -> tuple[Row | None, int]:
    line, text = lines[at]
    end = at + 1
    joined = text
    try:
        while (fields := dialect.split(joined)) is None:
            end, joined = _with_continuation(lines, end, joined, dialect)
            if end - at > MAX_LINES_PER_ROW or len(joined) > _MAX_CHARACTERS_PER_ROW:
                break
            if end > len(lines):
                if not is_last:
                    return None, at
                break
        else:
            if end == at + 1 or width in (None, len(fields)):
                return Row(line, fields, joined), end
    except csv.Error as error:
        if end == at + 1:
            return Row(line, None, text, str(error)), at + 1
    if len(dialect.delimiter) > 1:
        return Row(line, dialect.split_unquoted(text), text), at + 1
    return Row(line, None, text, _unclosed(text, dialect)), at + 1


def _unclosed(text: str, dialect: Dialect) -> str:
    if dialect.escape is not None and text.endswith(dialect.escape):
        return f"it ends with the escape character {dialect.escape}, but no line continues it"
    quote = dialect.quote
    return (
        f"a quoted field is not closed: double the quote ({quote}{quote}) inside it, or set "
        "csv.quote: none if the file has no quoting"
    )


def _with_continuation(
    lines: Sequence[NumberedLine], end: int, joined: str, dialect: Dialect
) -> tuple[int, str]:
    """Joins lines up to the next one that may close the open field: one with a quote.

    An escaped line end continues a row by one line.

    Args:
      lines: Numbered lines.
      end: The index of the first line to join.
      joined: The text of the row so far.
      dialect: How lines are split into fields.

    Returns:
      The index after the last joined line, and the joined text. Where no such line follows within
      the limit, the index is one more than that.
    """
    pieces = [joined]
    for _, text in lines[end : end + MAX_LINES_PER_ROW]:
        pieces.append(text)
        end += 1
        if dialect.escape is not None or (dialect.quote is not None and dialect.quote in text):
            return end, "\n".join(pieces)
    return end + 1, "\n".join(pieces)
