"""Reads delimited lines row by row: lines that are quoted, malformed or of differing widths."""

import numpy as np

from components.readers.formats.csv_table import CsvTable
from components.readers.formats.delimited import NumberedLine, read_rows
from components.readers.lines import LineBlock, as_text
from components.readers.records import ReadBatch, Rows
from schemas.events import Reject


def read_carefully(block: LineBlock, table: CsvTable, is_last: bool) -> tuple[ReadBatch, LineBlock]:
    """Reads the rows of a block; each malformed one is rejected individually.

    Args:
      block: Consecutive lines.
      table: Their layout.
      is_last: Whether no lines follow.

    Returns:
      The rows, and the lines of a last row that may continue in the next block.
    """
    lines, undecodable = _decode_lines(block, table)
    parsed, end = read_rows(lines, table.dialect, is_last, len(table.header))
    next_line = lines[end][0] if end < len(lines) else block.first + len(block.lines)
    rejects = [reject for reject in undecodable if reject.line < next_line]
    rows = []
    for row in parsed:
        if row.fields is None:
            rejects.append(table.unparseable(row.line, row.problem, row.text))
        elif len(row.fields) != len(table.header):
            rejects.append(table.wrong_width(row.line, len(row.fields), row.text))
        else:
            rows.append(row)
    fields = [row.fields or [] for row in rows]
    numbers = np.array([row.line for row in rows], np.int64)
    columns = tuple([row[at] for row in fields] for at in table.positions)
    batch = ReadBatch(Rows(numbers, columns, [row.text for row in rows]), rejects)
    return batch, LineBlock(next_line, block.lines[next_line - block.first :])


def _decode_lines(block: LineBlock, table: CsvTable) -> tuple[list[NumberedLine], list[Reject]]:
    """Returns numbered lines as text, and rejections of lines that cannot be decoded."""
    lines = []
    rejects = []
    for number, line in enumerate(block.lines, block.first):
        text, problem = decode(line, table.encoding)
        if problem:
            rejects.append(table.unparseable(number, problem, as_text(line)))
        else:
            lines.append((number, text))
    return lines, rejects


def decode(line: bytes, encoding: str) -> tuple[str, str]:
    """Decodes a line.

    Returns:
      The text and the problem; one of them is "".
    """
    try:
        return line.decode(encoding), ""
    except UnicodeDecodeError as error:
        return "", f"not {encoding} text: {error.reason}; check csv.encoding"
