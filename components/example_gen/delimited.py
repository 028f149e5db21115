"""Delimited text: rows from lines, with quotes, quoted line breaks and delimiters of any length."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

# A quoted field that is not closed after so many lines is a stray quote, not a long text.
MAX_LINES_PER_ROW = 100
_UNIT_SEPARATOR = "\x1f"


class Row(NamedTuple):
    """One row: where it begins, its fields (None where it is malformed), its text, and why."""

    line: int
    fields: list[str] | None
    text: str
    problem: str = ""


def read_rows(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[Row]:
    """Splits numbered lines (without line ends) into rows; blank lines are no rows.

    Quotes follow RFC 4180 where they enclose a whole field. With a delimiter of several
    characters (which that standard does not know) a quote that does not is a literal character.
    """
    ahead: deque[tuple[int, str]] = deque()
    while True:
        entry = ahead.popleft() if ahead else next(lines, None)
        if entry is None:
            return
        line, text = entry
        if '"' not in text:
            if text.strip():
                yield Row(line, text.split(delimiter), text)
        else:
            yield _quoted_row(line, text, delimiter, lines, ahead)


def _quoted_row(
    line: int,
    text: str,
    delimiter: str,
    lines: Iterator[tuple[int, str]],
    ahead: deque[tuple[int, str]],
) -> Row:
    joined = text
    try:
        for taken in range(MAX_LINES_PER_ROW):
            fields = _split(joined, delimiter)
            if fields is not None:
                return _consumed(Row(line, fields, joined), ahead, taken)
            if taken == len(ahead):
                following = next(lines, None)
                if following is None:
                    break
                ahead.append(following)
            joined += "\n" + ahead[taken][1]
    except csv.Error as error:
        return Row(line, None, text, str(error))
    if len(delimiter) > 1:
        return Row(line, text.split(delimiter), text)
    return Row(line, None, text, 'a quoted field is not closed: double the quote ("") inside it')


def _consumed(row: Row, ahead: deque[tuple[int, str]], count: int) -> Row:
    for _ in range(count):
        ahead.popleft()
    return row


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
