"""Explanations of delimited files whose layout differs from the configured one."""

import re
from collections.abc import Sequence

from components.readers.formats.dialect import Dialect, yaml_text

NUM_LINES = 50

DELIMITERS = ("\t", ";", ",", "|", "::", "\x01", "\x1f", "^", "~", "#", " ", ":")
# "1:" above the rows of film 1, as in the files of the Netflix prize.
_BLOCK_HEADER = re.compile(r"\s*[^\s,;|:]+:\s*")
_ID = re.compile(r"[\w-]*\d")
# A number, a date or a time: a value, hardly a name of a column. Letters belong to a time of day.
_VALUE = re.compile(r"(?=[^TZ]*$|.*:|.*T\d)[-+]?\d[\d.:/TZ +-]*")
_MIN_WIDTHS = 3


def explain_columns(
    lines: tuple[str, ...], dialect: Dialect, wanted: tuple[str, ...], names_columns: bool = False
) -> str:
    """Returns why a file does not have the wanted columns; "" if there is no explanation.

    Args:
      lines: The first lines, the header first.
      dialect: The configured dialect.
      wanted: The wanted columns.
      names_columns: Whether `csv.header` names the columns, not the first line.
    """
    if not lines:
        return ""
    if explanation := explain_blocks(lines) or explain_adjacency(lines):
        return explanation
    if explanation := _explain_quote(lines[0], dialect, wanted):
        return explanation
    names = {other: _names(lines[0], other) for other in DELIMITERS if other != dialect.delimiter}
    found = {other: len(set(wanted) & set(split)) for other, split in names.items()}
    best = max(found, key=lambda other: found[other])
    if found[best] > len(set(wanted) & set(_names(lines[0], dialect.delimiter))):
        return (
            f"its header is {', '.join(names[best])} if it is split at {yaml_text(best)}: set "
            f"csv.delimiter: {yaml_text(best)}"
        )
    if dialect.delimiter not in lines[0] and (other := _regular_delimiter(lines)):
        explanation = (
            f"its lines do not contain {yaml_text(dialect.delimiter)}, and each has "
            f"{len(lines[0].split(other))} fields if it is split at {yaml_text(other)}: set "
            f"csv.delimiter: {yaml_text(other)}"
        )
        values = "" if names_columns else _explain_values(lines[0], other, wanted)
        return f"{explanation}; {values}" if values else explanation
    return "" if names_columns else _explain_values(lines[0], dialect.delimiter, wanted)


def explain_width(text: str, dialect: Dialect, width: int) -> str:
    """Returns why one row has another number of fields than expected; "" if it is not known.

    Args:
      text: The row.
      dialect: The configured dialect.
      width: The expected number of fields.
    """
    if width > 1 and _BLOCK_HEADER.fullmatch(text) and dialect.delimiter not in text:
        return f"a line such as {text.strip()} heads a block of rows: {_BLOCKS}"
    if width > 1 and dialect.delimiter not in text:
        for other in DELIMITERS:
            if other != dialect.delimiter and len(text.split(other)) == width:
                return (
                    f"it has {width} fields if it is split at {yaml_text(other)}: set "
                    f"csv.delimiter: {yaml_text(other)}"
                )
    if not dialect.is_plain(text) and len(dialect.split_unquoted(text)) == width:
        return f"it has {width} without quoting: if the file has none, set csv.quote: none"
    return ""


def explain_blocks(lines: Sequence[str]) -> str:
    """Returns an explanation if lines such as `1:` head blocks of rows; "" otherwise."""
    headers = [bool(_BLOCK_HEADER.fullmatch(line)) for line in lines]
    if headers[:2] != [True, False]:
        return ""
    return f"its first line, {lines[0].strip()}, heads a block of rows: {_BLOCKS}"


def explain_adjacency(lines: Sequence[str]) -> str:
    """Returns an explanation if each line is an id and a list of other ids; "" otherwise."""
    complete = [line.split() for line in lines if line.strip()]
    ids = [len(line) for line in complete if all(_ID.fullmatch(part) for part in line)]
    if len(ids) < len(complete) or len(set(ids)) < _MIN_WIDTHS or max(ids, default=0) <= 3:
        return ""
    return (
        f"its lines have {ids[0]}, {ids[1]}, {ids[2]}, … fields, as in an adjacency list, in which "
        "a user is followed by all items of the user. Convert it to one row per user and item: "
        "awk '{for (i = 2; i <= NF; i++) print $1 \",\" $i}', with csv.header: [user, item]. Such "
        "a file has no times: if the items of each user are in order, set timestamp: row_order"
    )


def is_value(field: str) -> bool:
    """Returns whether a field is a number, a date or a time: a value, hardly a column's name.

    >>> is_value("2014-04-01 12:30"), is_value("20140401T1230Z"), is_value("1e"), is_value("0Z")
    (True, True, False, False)
    """
    return _VALUE.fullmatch(field) is not None


_BLOCKS = (
    'write the text of that line into each row of its block, e.g. awk \'/:$/ {sub(/:$/, ""); '
    'id = $0; next} {print id "," $0}\', and set csv.header to the names of all columns'
)


def _explain_quote(line: str, dialect: Dialect, wanted: tuple[str, ...]) -> str:
    """Returns an explanation if the header has wanted columns in other quotes; "" otherwise."""
    fields = [field.strip() for field in line.split(dialect.delimiter)]
    for quote in {"'", '"'} - {dialect.quote}:
        quoted = [f"{quote}{name}{quote}" for name in wanted]
        if set(quoted) & set(fields):
            other = '"' if quote == "'" else "'"
            return f"its header is {', '.join(fields)}: set csv.quote: {other}{quote}{other}"
    return ""


def _explain_values(line: str, delimiter: str, wanted: tuple[str, ...]) -> str:
    """Returns an explanation if the first line has values in place of names; "" otherwise."""
    fields = _names(line, delimiter)
    if set(wanted) & set(fields) or not any(map(is_value, fields)):
        return ""
    return (
        "its first line contains values: if the file has no header line, set csv.header to the "
        f"names of all its {len(fields)} columns, in order"
    )


def _names(line: str, delimiter: str) -> list[str]:
    return [name.strip().strip("\"'") for name in line.split(delimiter)]


def _regular_delimiter(lines: Sequence[str]) -> str:
    """Returns the delimiter that splits all lines into the same number of fields; "" if none."""
    for delimiter in DELIMITERS:
        widths = {len(line.split(delimiter)) for line in lines if line.strip()}
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return ""
