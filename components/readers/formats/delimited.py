"""Splits delimited text into rows, with quotes, quoted line breaks and delimiters of any length."""

import csv
from collections.abc import Sequence
from typing import NamedTuple

# A quoted field that is not closed after this many lines is a stray quote, not a long text; so is
# one that joins several lines to a row with more or fewer fields than the header.
MAX_LINES_PER_ROW = 100
_MAX_CHARACTERS_PER_ROW = 1 << 20
_UNIT_SEPARATOR = "\x1f"
_UNCLOSED = 'a quoted field is not closed: double the quote ("") inside it'

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
    delimiter: str,
    is_last: bool = True,
    width: int | None = None,
) -> tuple[list[Row], int]:
    r"""Splits numbered lines (without line ends) into rows; blank lines are not rows.

    Quotes that enclose a whole field follow RFC 4180. Other quotes are literal characters if the
    delimiter has several characters, which RFC 4180 does not cover. A line with a NUL character,
    the result of a crash or of another encoding, is malformed.

    >>> rows, num_lines = read_rows([(1, 'a,"b'), (2, 'c",d'), (3, ""), (4, "e,f,g")], ",")
    >>> [(row.line, row.fields) for row in rows], num_lines
    ([(1, ['a', 'b\nc', 'd']), (4, ['e', 'f', 'g'])], 4)

    Args:
      lines: Their numbers and texts.
      delimiter: One character or several.
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
        row, following = read_row(lines, at, delimiter, is_last, width)
        if following == at:
            break
        if row is not None:
            rows.append(row)
        at = following
    return rows, at


def read_row(
    lines: Sequence[NumberedLine],
    at: int,
    delimiter: str,
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
    if '"' in text:
        return _quoted_row(lines, at, delimiter, is_last, width)
    return None if is_blank(text, delimiter) else Row(line, text.split(delimiter), text), at + 1


def is_blank(text: str, delimiter: str) -> bool:
    r"""Returns whether a line is blank. A line of delimiters is a row of empty fields.

    >>> is_blank("  ", "\t"), is_blank(" \t ", "\t")
    (True, False)
    """
    return not text.strip() and delimiter not in text


def _quoted_row(
    lines: Sequence[NumberedLine], at: int, delimiter: str, is_last: bool, width: int | None
) -> tuple[Row | None, int]:
    line, text = lines[at]
    end = at + 1
    joined = text
    try:
        while (fields := _split(joined, delimiter)) is None:
            end, joined = _with_next_quote(lines, end, joined)
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
    if len(delimiter) > 1:
        return Row(line, text.split(delimiter), text), at + 1
    return Row(line, None, text, _UNCLOSED), at + 1


def _with_next_quote(lines: Sequence[NumberedLine], end: int, joined: str) -> tuple[int, str]:
    """Joins lines up to the next one with a quote, which may close the open field.

    Args:
      lines: Numbered lines.
      end: The index of the first line to join.
      joined: The text of the row so far.

    Returns:
      The index after the last joined line, and the joined text. Where no line with a quote
      follows within the limit, the index is one more than that.
    """
    pieces = [joined]
    for _, text in lines[end : end + MAX_LINES_PER_ROW]:
        pieces.append(text)
        end += 1
        if '"' in text:
            return end, "\n".join(pieces)
    return end + 1, "\n".join(pieces)


def _split(text: str, delimiter: str) -> list[str] | None:
    """Splits one row into fields; None where a quoted field continues in the next line.

    Raises:
      csv.Error: The row is malformed.
    """
    single = delimiter if len(delimiter) == 1 else _UNIT_SEPARATOR
    if single != delimiter:
        if single in text:
            return text.split(delimiter)
        text = text.replace(delimiter, single)
    try:
        fields = next(csv.reader([text], delimiter=single, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        # A quote inside a field of one line may be intended; one that joins lines is stray.
        if "expected after" not in str(error) or "\n" in text:
            raise
        if single != delimiter:
            return text.split(single)
        fields = next(csv.reader([text], delimiter=single))
    return fields if single == delimiter else [f.replace(single, delimiter) for f in fields]
