"""Delimited lines as columns, many at once: only where the result is that of `csv_careful`."""

import codecs
import csv
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.csv

from components.example_gen.readers.csv_table import CsvTable
from components.example_gen.readers.delimited import is_blank
from components.example_gen.readers.lines import LineBlock
from components.example_gen.readers.records import ReadBatch, Rows, Values

Texts: TypeAlias = list[bytes] | list[str]


def read_quickly(block: LineBlock, table: CsvTable) -> ReadBatch | None:
    """Reads the rows of a block, or nothing where it cannot be certain that each is one line.

    Args:
      block: Consecutive lines.
      table: Their layout.

    Returns:
      What `read_carefully` gives of the same block, the columns of unquoted blocks as Arrow
      arrays where the delimiter is one character; or None.
    """
    decoded = _decoded(block.lines, table.encoding)
    if decoded is None:
        return None
    texts, joined = decoded
    if b"\0" in joined or b"\r" in joined or joined.count(b"\n") != len(texts) - 1:
        return None
    if b'"' in joined:
        return _quoted(block.first, texts, table)
    return _unquoted(block.first, texts, joined, table)


def _decoded(lines: list[bytes], encoding: str) -> tuple[Texts, bytes] | None:
    """Lines that are text, and the same joined in UTF-8; None where one is not text."""
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


def _unquoted(first: int, texts: Texts, joined: bytes, table: CsvTable) -> ReadBatch | None:
    numbers = np.arange(first, first + len(texts))
    delimiter: Any = table.delimiter
    if isinstance(texts[0], bytes):
        delimiter = delimiter.encode()
    widths = np.array([text.count(delimiter) for text in texts]) + 1
    fits = widths == len(table.header)
    if len(table.header) == 1:
        fits &= [not is_blank(_text(text), table.delimiter) for text in texts]
    rejects = []
    if not fits.all():
        for at in np.flatnonzero(~fits):
            text = _text(texts[at])
            if not is_blank(text, table.delimiter):
                rejects.append(table.wrong_width(first + int(at), int(widths[at]), text))
        numbers = numbers[fits]
        texts = [texts[at] for at in np.flatnonzero(fits)]
        joined = b"\n".join(map(_bytes, texts))
    columns = _columns(texts, joined, table)
    return None if columns is None else ReadBatch(Rows(numbers, columns, texts), rejects)


def _columns(texts: Texts, joined: bytes, table: CsvTable) -> tuple[Values, ...] | None:
    if not texts:
        return ([],) * len(table.positions)
    if not (len(table.delimiter) == 1 and table.delimiter.isascii()):
        rows = [_text(text).split(table.delimiter) for text in texts]
        return tuple([row[at] for row in rows] for at in table.positions)
    names = [str(at) for at in range(len(table.header))]
    wanted = [str(at) for at in sorted(set(table.positions))]
    read = pyarrow.csv.read_csv(
        pa.BufferReader(joined),
        pyarrow.csv.ReadOptions(use_threads=False, block_size=len(joined) + 1, column_names=names),
        pyarrow.csv.ParseOptions(
            delimiter=table.delimiter,
            quote_char=False,
            double_quote=False,
            escape_char=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
        ),
        pyarrow.csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=False,
        ),
    )
    if read.num_rows != len(texts):
        return None
    return tuple(read.column(str(at)).combine_chunks() for at in table.positions)


def _quoted(first: int, texts: Texts, table: CsvTable) -> ReadBatch | None:
    """Rows of the standard library's reader, where it finds one on each line that is not blank."""
    if len(table.delimiter) > 1:
        return None
    decoded = [_text(text) for text in texts]
    lines = [
        (number, text)
        for number, text in enumerate(decoded, first)
        if not is_blank(text, table.delimiter)
    ]
    try:
        rows = list(csv.reader([text for _, text in lines], delimiter=table.delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != len(lines):
        return None
    rejects = []
    if set(map(len, rows)) != {len(table.header)}:
        for (number, text), row in zip(lines, rows, strict=True):
            if len(row) != len(table.header):
                rejects.append(table.wrong_width(number, len(row), text))
        kept = [at for at, row in enumerate(rows) if len(row) == len(table.header)]
        lines, rows = [lines[at] for at in kept], [rows[at] for at in kept]
    numbers = np.array([number for number, _ in lines], np.int64)
    columns = tuple([row[at] for row in rows] for at in table.positions)
    return ReadBatch(Rows(numbers, columns, [text for _, text in lines]), rejects)


def _text(text: bytes | str) -> str:
    return text.decode() if isinstance(text, bytes) else text


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
