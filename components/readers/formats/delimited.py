"""Delimited text: rows from lines, with quotes, quoted line breaks and delimiters of any length."""

import csv
from collections.abc import Sequence
from typing import NamedTuple

# A quoted field that is not closed after so many lines is a stray quote, not a long text; so is one
# that makes a row of another width than the header's out of several lines.
MAX_LINES_PER_ROW = 100
_MAX_CHARACTERS_PER_ROW = 1 << 20
_UNIT_SEPARATOR = "\x1f"
_UNCLOSED = 'a quoted field is not closed: double the quote ("") inside it'

NumberedLine = tuple[int, str]


class Row(NamedTuple):
    """One row: where it begins, its fields (None where it is malformed), its text, and why."""

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
    """Splits numbered lines (without line ends) into rows; blank lines are no rows.

    Quotes follow RFC 4180 where they enclose a whole field. With a delimiter of several
    characters (which that standard does not know) a quote that does not is a literal character.
    A line with a NUL character, the trace of a crash or of another encoding, is malformed.

    Args:
      lines: Their numbers and texts.
      delimiter: Of one character or several.
      is_last: Whether no lines follow. Otherwise a row that may go on in them is left over.
      width: How many fields a row of several lines must have. Where it has others, its quote is a
        stray one, and its first line is malformed alone.

    Returns:
      The rows, and how many of the lines they and blank lines took up.
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
    """The row that begins with line `at`, None where that is blank, and where the next begins:
    at `at` itself where the row goes on beyond the last of the lines.
    """
    line, text = lines[at]
    if "\0" in text:
        return Row(line, None, text, "it holds NUL characters: check how it was written"), at + 1
    if '"' in text:
        return _quoted_row(lines, at, delimiter, is_last, width)
    return None if is_blank(text, delimiter) else Row(line, text.split(delimiter), text), at + 1


def is_blank(text: str, delimiter: str) -> bool:
    """Whether a line is no row. Delimiters alone are a row of empty fields."""
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
    """Joins lines up to the next one that can close a quoted field, and says where it ends:
    beyond the last of the lines where there is none, beyond any row where it is too far.
    """
    pieces = [joined]
    for _, text in lines[end : end + MAX_LINES_PER_ROW]:
        pieces.append(text)
        end += 1
        if '"' in text:
            return end, "\n".join(pieces)
    return end + 1, "\n".join(pieces)


def _split(text: str, delimiter: str) -> list[str] | None:
    """Fields of one row, or None where a quoted field goes on in the next line.

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
        # A quote inside a field of one line may be meant; one that swallowed a line is stray.
        if "expected after" not in str(error) or "\n" in text:
            raise
        if single != delimiter:
            return text.split(single)
        fields = next(csv.reader([text], delimiter=single))
    return fields if single == delimiter else [f.replace(single, delimiter) for f in fields]
