"""Reads JSON Lines in batches of columns."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from components.readers.column_search import FoundColumns, Sample, search_columns
from components.readers.formats.jsonl_quick import quick_columns
from components.readers.lines import LineBlock, LongLine, as_text, read_lines
from components.readers.records import ReadBatch, Rows, getter
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings


def read_jsonl(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    """Reads one file in UTF-8; empty lines are not records.

    JSON follows RFC 8259: NaN, Infinity, NUL bytes and lone surrogates are rejected. Where an
    object has a key twice, the last value is used; integers beyond 64 bits become floats.
    """
    for block in read_lines(path):
        if isinstance(block, LongLine):
            yield ReadBatch(Rows.empty(len(columns)), [block.reject(path)])
        else:
            yield _read_block(block, path, columns)


def read_unparsed(path: str) -> Iterator[Rows]:
    """Reads all lines of one file except overlong ones, as rows without columns."""
    for block in read_lines(path):
        if isinstance(block, LineBlock):
            numbers = np.arange(block.first, block.first + len(block.lines))
            yield Rows(numbers, (), block.lines)


def _read_block(block: LineBlock, path: str, columns: tuple[str, ...]) -> ReadBatch:
    lines = block.lines
    numbers = np.arange(block.first, block.first + len(lines))
    quick = quick_columns(lines, columns)
    if quick is not None:
        return ReadBatch(Rows(numbers, quick, lines), [])
    rejects: list[Reject] = []
    try:
        objects = [orjson.loads(line) for line in lines]
        are_objects = set(map(type, objects)) == {dict}
    except orjson.JSONDecodeError:
        are_objects = False
    if not are_objects:
        objects, kept = [], []
        for at, line in enumerate(lines):
            value, problem = _parse(line)
            if problem:
                number = block.first + at
                rejects.append(
                    Reject(path, number, RejectReason.UNPARSEABLE, problem, as_text(line))
                )
            elif value is not None:
                objects.append(value)
                kept.append(at)
        lines = [lines[at] for at in kept]
        numbers = numbers[np.array(kept, np.int64)]
    return ReadBatch(
        Rows(numbers, tuple(_column(objects, name) for name in columns), lines), rejects
    )


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """Parses one line.

    Returns:
      The object, None where the line is blank or not an object; and the problem, "" where there
      is none.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return None, f"not JSON: {error}" if line.strip() else ""
    if isinstance(value, dict):
        return value, ""
    return None, f"a JSON {type(value).__name__}, expected an object"


def _column(objects: list[dict[str, Any]], name: str) -> list[Any]:
    if "." in name:
        get = getter(name)
        return [get(value) for value in objects]
    return [value.get(name) for value in objects]


def find_keys(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the keys of the first records, and which of `wanted` none of them has."""
    return search_columns(_samples(path), wanted, source.damaged_files == "reject")


def _samples(path: str) -> Iterator[Sample]:
    for block in read_lines(path):
        if isinstance(block, LongLine):
            yield Sample(0, block.num_bytes, {})
            continue
        for line in block.lines:
            value, _ = _parse(line)
            yield Sample(int(value is not None), len(line), value or {})
