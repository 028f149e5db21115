"""Reads delimited lines many at once: the fast path, with the same result as `csv_careful`."""

import codecs
import csv
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa

from components.readers.formats.csv_table import CsvTable
from components.readers.formats.delimited import is_blank
from components.readers.lines import LineBlock
from components.readers.records import ReadBatch, Rows, Values

Texts: TypeAlias = list[bytes] | list[str]


def read_quickly(block: LineBlock, table: CsvTable) -> ReadBatch | None:
    """Reads the rows of a block if it is certain that each row is one line.

    Args:
      block: Consecutive lines.
      table: Their layout.

    Returns:
      The result of `read_carefully` for the same block, with Arrow arrays as columns where no
      line has quotes; None where a row might span lines.
    """
    decoded = _decode_lines(block.lines, table.encoding)
    if decoded is None:
        return None
    texts, joined = decoded
    if b"\0" in joined or b"\r" in joined or joined.count(b"\n") != len(texts) - 1:
        return None
    dialect = table.dialect
    if dialect.escape is not None and dialect.escape.encode() in joined:
        return None
    if dialect.quote is not None and dialect.quote.encode() in joined:
        return _read_quoted(block.first, texts, table)
    return _read_unquoted(block.first, texts, joined, table)


def _decode_lines(lines: list[bytes], encoding: str) -> tuple[Texts, bytes] | None:
    """Checks and decodes lines.

    Returns:
      The lines, as bytes if they are UTF-8, and the same joined in UTF-8; None where a line
      cannot be decoded.
    """
    try:
        if codecs.lookup(encoding).name == "utf-8":
            joined = b"\n".join(lines)
            if not joined.isascii():
                joined.decode()
            return lines, joined
        texts = [line.decode(encoding) for line in lines]
        return texts, "\n".join(texts).encode()
    except UnicodeError:
        return None


def _read_unquoted(first: int, texts: Texts, joined: bytes, table: CsvTable) -> ReadBatch:
    numbers = np.arange(first, first + len(texts))
    delimiter: Any = table.dialect.delimiter
    if isinstance(texts[0], bytes):
        delimiter = delimiter.encode()
    widths = np.array([text.count(delimiter) for text in texts]) + 1
    fits = widths == len(table.header)
    if len(table.header) == 1:
        fits &= [not is_blank(_text(text), table.dialect.delimiter) for text in texts]
    rejects = []
    if not fits.all():
        for at in np.flatnonzero(~fits):
            text = _text(texts[at])
            if not is_blank(text, table.dialect.delimiter):
                rejects.append(table.wrong_width(first + int(at), int(widths[at]), text))
        numbers = numbers[fits]
        texts = cast(Texts, [texts[at] for at in np.flatnonzero(fits)])
        joined = b"\n".join(map(_bytes, texts))
    return ReadBatch(Rows(numbers, _columns(joined, len(texts), table), texts), rejects)


def _columns(joined: bytes, num_rows: int, table: CsvTable) -> tuple[Values, ...]:
    """Returns the wanted columns of lines that all have as many fields as the header.

    Without delimiters and line ends, the fields are contiguous, as in an Arrow string array.
    """
    width = len(table.header)
    if not num_rows:
        return (pa.array([], pa.string()),) * len(table.positions)
    fields = joined.replace(table.dialect.delimiter.encode(), b"\n")
    line_ends = np.flatnonzero(np.frombuffer(fields + b"\n", np.uint8) == ord("\n"))
    offsets = np.concatenate([[0], line_ends - np.arange(num_rows * width)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(fields.replace(b"\n", b""))]
    values = pa.Array.from_buffers(pa.string(), num_rows * width, buffers)
    return tuple(
        values.take(pa.array(np.arange(at, num_rows * width, width))) for at in table.positions
    )


def _read_quoted(first: int, texts: Texts, table: CsvTable) -> ReadBatch | None:
    """Reads rows by the standard library, if it finds one on each line that is not blank."""
    if len(table.dialect.delimiter) > 1:
        return None
    decoded = [_text(text) for text in texts]
    blank = {at for at, text in enumerate(decoded) if is_blank(text, table.dialect.delimiter)}
    numbers = np.array([first + at for at in range(len(texts)) if at not in blank], np.int64)
    lines = [text for at, text in enumerate(decoded) if at not in blank] if blank else decoded
    # One flat list: a list per row would slow down the garbage collector.
    fields: list[str] = []
    ends = []
    try:
        for row in csv.reader(
            lines, delimiter=table.dialect.delimiter, quotechar=table.dialect.quote, strict=True
        ):
            fields += row
            ends.append(len(fields))
    except csv.Error:
        return None
    if len(ends) != len(lines):
        return None
    widths = np.diff(ends, prepend=0)
    fits = widths == len(table.header)
    rejects = [
        table.wrong_width(int(numbers[at]), int(widths[at]), lines[at])
        for at in np.flatnonzero(~fits)
    ]
    starts = (np.array(ends, np.int64) - widths)[fits].tolist()
    columns = tuple([fields[start + at] for start in starts] for at in table.positions)
    kept = [lines[at] for at in np.flatnonzero(fits)] if rejects else lines
    return ReadBatch(Rows(numbers[fits], columns, kept), rejects)


def _text(text: bytes | str) -> str:
    return text.decode() if isinstance(text, bytes) else text


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
