"""Delimited files as records."""

import codecs
from collections.abc import Iterator
from typing import Any

from components.example_gen.delimited import Row, read_rows
from components.example_gen.files import open_input
from components.example_gen.records import Record, without_bom
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import CsvSettings


def read_csv(path: str, layout: CsvSettings, columns: tuple[str, ...]) -> Iterator[Record | Reject]:
    """Records of one file; rows of another width than the header's are refused."""
    undecodable: list[Reject] = []
    with open_input(path) as file:
        rows = read_rows(_decoded(file, path, layout.encoding, undecodable), layout.delimiter)
        header = list(layout.header) if layout.header else _fields(next(rows, None))
        positions = _positions(path, header, columns)
        for row in rows:
            yield from _drained(undecodable)
            if row.fields is None:
                yield Reject(path, row.line, RejectReason.UNPARSEABLE, row.problem, row.text)
            elif len(row.fields) != len(header):
                detail = f"{len(row.fields)} fields, expected {len(header)}: {', '.join(header)}"
                yield Reject(path, row.line, RejectReason.UNPARSEABLE, detail, row.text)
            else:
                fields = row.fields
                yield Record(row.line, tuple([fields[at] for at in positions]), row.text)
        yield from _drained(undecodable)


def _decoded(
    file: Any, path: str, encoding: str, undecodable: list[Reject]
) -> Iterator[tuple[int, str]]:
    """Numbered lines as text; those that are not text in `encoding` go to `undecodable`."""
    _check_encoding(encoding)
    is_utf8 = codecs.lookup(encoding).name.startswith("utf-8")
    for number, read in enumerate(file, start=1):
        line = without_bom(read) if number == 1 and is_utf8 else read
        try:
            yield number, line.decode(encoding).rstrip("\r\n")
        except UnicodeDecodeError as error:
            detail = f"not {encoding} text: {error.reason}; check csv.encoding"
            raw = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
            undecodable.append(Reject(path, number, RejectReason.UNPARSEABLE, detail, raw))


def _check_encoding(encoding: str) -> None:
    try:
        line_end = "\n".encode(encoding)
    except LookupError as error:
        raise InputError(f"csv.encoding: {encoding!r} is not a known encoding") from error
    if not line_end.endswith(b"\n") or len("a".encode(encoding).strip(codecs.BOM_UTF8)) != 1:
        raise InputError(f"csv.encoding: {encoding} is not supported; convert the file to utf-8")


def _drained(rejects: list[Reject]) -> Iterator[Reject]:
    yield from rejects
    rejects.clear()


def header_of(path: str, layout: CsvSettings) -> list[str]:
    """The column names in the first row of a file."""
    with open_input(path) as file:
        rows = read_rows(_decoded(file, path, layout.encoding, []), layout.delimiter)
        return _fields(next(rows, None))


def _fields(row: Row | None) -> list[str]:
    return [name.strip() for name in row.fields or ()] if row else []


def _positions(path: str, header: list[str], columns: tuple[str, ...]) -> list[int]:
    for name in columns:
        if name not in header:
            raise InputError(f"{path}: no column {name!r} in its header ({', '.join(header)})")
    return [header.index(name) for name in columns]
