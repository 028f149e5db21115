"""Reads delimited files in batches of columns."""

import codecs
from collections.abc import Iterator

from components.readers.column_search import FoundColumns
from components.readers.explode import stored_columns
from components.readers.formats.csv_careful import decode, read_carefully
from components.readers.formats.csv_quick import read_quickly
from components.readers.formats.csv_table import CsvTable, positions_of
from components.readers.formats.delimited import read_row
from components.readers.formats.dialect import dialect_of, dialect_problem
from components.readers.formats.layout_hints import (
    NUM_LINES,
    explain_adjacency,
    explain_blocks,
    explain_columns,
)
from components.readers.lines import LineBlock, LongLine, is_wide, read_lines
from components.readers.open_input import DamagedFileError
from components.readers.records import ReadBatch, Rows
from schemas.errors import InputError
from schemas.source_settings import CsvSettings, SourceSettings

_NO_LINES = LineBlock(1, [])


def read_csv(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    """Reads one file; rows with more or fewer fields than the header are rejected.

    A file without any row, not even a header, has no records.

    Raises:
      InputError: The layout is not supported, the header cannot be read, or a column is missing.
      DamagedFileError: The file is damaged; raised after the readable rows.
    """
    layout = source.csv
    _check(layout)
    table = _table(path, layout, layout.header, columns) if layout.header else None
    open_row = _NO_LINES
    damage = None
    try:
        for lines in read_lines(path, layout.encoding):
            if isinstance(lines, LongLine):
                if table is None:
                    raise InputError(_long_header(path, lines))
                if open_row.lines:
                    yield read_carefully(open_row, table, is_last=True)[0]
                    open_row = _NO_LINES
                yield ReadBatch(Rows.empty(len(columns)), [lines.reject(path)])
                continue
            block = (
                LineBlock(open_row.first, open_row.lines + lines.lines) if open_row.lines else lines
            )
            if table is None:
                header, block = _split_header(lines, path, layout)
                if header is None:
                    continue
                table = _table(path, layout, header, columns)
            batch, open_row = _read_block(block, table)
            yield batch
    except DamagedFileError as error:
        damage = error
    if table is not None and open_row.lines:
        yield read_carefully(open_row, table, is_last=True)[0]
    if damage:
        raise damage


def _read_block(block: LineBlock, table: CsvTable) -> tuple[ReadBatch, LineBlock]:
    """Reads the rows of a block.

    Returns:
      The rows, and the lines of a last row that may continue in the next block.
    """
    batch = read_quickly(block, table)
    return (batch, _NO_LINES) if batch else read_carefully(block, table, is_last=False)


def find_csv_columns(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the columns of one file, from `csv.header` or its first row, and the missing ones.

    In a file without any row, no column counts as missing.

    Raises:
      InputError: The layout is not supported, or the header cannot be read.
    """
    layout = source.csv
    names = list(layout.header or ()) or _read_header(path, layout)
    stored = stored_columns(wanted, source.exploded)
    missing = [name for name in stored if name not in names and names]
    if missing:
        return FoundColumns(names, missing, hint=_explain(path, layout, wanted))
    if layout.header is not None and len(names) > 1 and (problem := _explain_rows(path, layout)):
        raise InputError(f"{path}: {problem}")
    return FoundColumns(names, missing)


def _explain(path: str, layout: CsvSettings, wanted: tuple[str, ...]) -> str:
    lines = tuple(_first_lines(path, layout))
    return explain_columns(lines, dialect_of(layout), wanted, layout.header is not None)


def _explain_rows(path: str, layout: CsvSettings) -> str:
    """Returns why the rows of a file without a header have other columns; "" if they have not."""
    lines = _first_lines(path, layout)
    dialect = dialect_of(layout)
    if any(len(line.split(dialect.delimiter)) == len(layout.header or ()) for line in lines[:1]):
        return ""
    return explain_blocks(lines) or explain_adjacency(lines)


def _first_lines(path: str, layout: CsvSettings) -> list[str]:
    """Returns the first lines of a file that are not blank, as far as they can be decoded."""
    encoding = _line_encoding(layout)
    for block in read_lines(path, layout.encoding):
        if isinstance(block, LineBlock):
            texts = (decode(line, encoding)[0] for line in block.lines[: 2 * NUM_LINES])
            return [text for text in texts if text.strip()][:NUM_LINES]
    return []


def _read_header(path: str, layout: CsvSettings) -> list[str]:
    """Reads the column names in the first row of a file; none where it has no row."""
    _check(layout)
    for block in read_lines(path, layout.encoding):
        if isinstance(block, LongLine):
            raise InputError(_long_header(path, block))
        header, _ = _split_header(block, path, layout)
        if header is not None:
            return list(header)
    return []


def _table(
    path: str, layout: CsvSettings, header: tuple[str, ...], columns: tuple[str, ...]
) -> CsvTable:
    positions = positions_of(path, header, columns)
    return CsvTable(path, _line_encoding(layout), dialect_of(layout), header, positions)


def _line_encoding(layout: CsvSettings) -> str:
    """The encoding of the lines from `read_lines`, which recodes wide encodings to UTF-8."""
    return "utf-8" if is_wide(layout.encoding) else layout.encoding


def _split_header(
    block: LineBlock, path: str, layout: CsvSettings
) -> tuple[tuple[str, ...] | None, LineBlock]:
    """Splits the header from a block of lines.

    Returns:
      The names in the first row that is not blank, None where there is none, and the lines after
      it.
    """
    encoding = _line_encoding(layout)
    for at, line in enumerate(block.lines):
        text, problem = decode(line, encoding)
        row, _ = read_row([(block.first + at, text)], 0, dialect_of(layout))
        if row is None and not problem:
            continue
        if row is None or row.fields is None or "\r" in text:
            cause = problem or (row and row.problem) or "it contains carriage returns in the middle"
            raise InputError(
                f"{path}: line {block.first + at}, its header, cannot be read: {cause}; check "
                "csv.delimiter and csv.encoding (utf-16-le?), or write the file again"
            )
        names = tuple(name.strip() for name in row.fields)
        return names, LineBlock(block.first + at + 1, block.lines[at + 1 :])
    return None, block


def _long_header(path: str, line: LongLine) -> str:
    return f"{path}: line {line.line}, its header, has {line.num_bytes} bytes: is this a CSV file?"


def _check(layout: CsvSettings) -> None:
    """Checks that the layout is supported.

    Raises:
      InputError: It is not; the message names the setting.
    """
    encoding = layout.encoding
    try:
        wide = is_wide(encoding)
        line_end = "\n".encode(encoding)
    except LookupError as error:
        raise InputError(f"csv.encoding: {encoding!r} is not a known encoding") from error
    if not wide and (
        not line_end.endswith(b"\n") or len("a".encode(encoding).strip(codecs.BOM_UTF8)) != 1
    ):
        raise InputError(f"csv.encoding: {encoding} is not supported; convert the file to utf-8")
    if problem := dialect_problem(layout):
        raise InputError(problem)
