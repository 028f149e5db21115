"""Reads JSON Lines in batches of columns."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from components.readers.column_search import FoundColumns, Sample, search_columns
from components.readers.formats.jsonl_quick import quick_columns
from components.readers.formats.jsonl_syntax import explain_lines, parser_of
from components.readers.lines import LineBlock, LongLine, as_text, read_lines
from components.readers.records import ReadBatch, Rows, getter
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import LineSyntax, SourceSettings

# The first lines show whether the file is in the configured syntax at all.
_NUM_LINES = 20


def read_jsonl(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    """Reads one file in UTF-8; empty lines are not records.

    JSON follows RFC 8259: NaN, Infinity, NUL bytes and lone surrogates are rejected. Where an
    object has a key twice, the last value is used; integers beyond 64 bits become floats.
    """
    for block in read_lines(path):
        if isinstance(block, LongLine):
            yield ReadBatch(Rows.empty(len(columns)), [block.reject(path)])
        else:
            yield _read_block(block, path, columns, source.jsonl.syntax)


def read_unparsed(path: str) -> Iterator[Rows]:
    """Reads all lines of one file except overlong ones, as rows without columns."""
    for block in read_lines(path):
        if isinstance(block, LineBlock):
            numbers = np.arange(block.first, block.first + len(block.lines))
            yield Rows(numbers, (), block.lines)


def _read_block(
    block: LineBlock, path: str, columns: tuple[str, ...], syntax: LineSyntax
) -> ReadBatch:
    lines = block.lines
    numbers = np.arange(block.first, block.first + len(lines))
    quick = quick_columns(lines, columns) if syntax == "json" else None
    if quick is not None:
        return ReadBatch(Rows(numbers, quick, lines), [])
    rejects: list[Reject] = []
    parse = parser_of(syntax)
    are_objects = False
    if syntax == "json":
        try:
            objects = [orjson.loads(line) for line in lines]
            are_objects = set(map(type, objects)) == {dict}
        except orjson.JSONDecodeError:
            pass
    if not are_objects:
        objects, kept = [], []
        for at, line in enumerate(lines):
            value, problem = parse(line)
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


def _column(objects: list[dict[str, Any]], name: str) -> list[Any]:
    if "." in name:
        get = getter(name)
        return [get(value) for value in objects]
    return [value.get(name) for value in objects]


def find_keys(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the keys of the first records, and which of `wanted` none of them has.

    Raises:
      InputError: None of the first lines is in the configured syntax, and their syntax is known.
    """
    samples = _samples(path, source.jsonl.syntax)
    return search_columns(samples, wanted, source.damaged_files == "reject", source.exploded)


def _samples(path: str, syntax: LineSyntax) -> Iterator[Sample]:
    parse = parser_of(syntax)
    is_first = True
    for block in read_lines(path):
        if isinstance(block, LongLine):
            yield Sample(0, block.num_bytes, {})
            continue
        if is_first and (explanation := explain_lines(block.lines[:_NUM_LINES], syntax)):
            raise InputError(f"{path}: {explanation}")
        is_first = False
        for line in block.lines:
            value, _ = parse(line)
            yield Sample(int(value is not None), len(line), value or {})
