"""Files of any supported format as records: the values of the wanted columns, in file order."""

import codecs
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from components.example_gen.delimited import Row, read_rows
from components.example_gen.files import open_input
from schemas.data_settings import CsvSettings
from schemas.errors import InputError
from schemas.events import Reject, RejectReason

_PARQUET_ROWS_PER_BATCH = 16_384
_LINES_TO_FIND_COLUMNS = 100


class Source(Protocol):
    """What the settings of a log, a catalogue and a users file have in common."""

    @property
    def format(self) -> str: ...
    @property
    def csv(self) -> CsvSettings: ...


class Record(NamedTuple):
    """One record: its 1-based line or row, the wanted values (None where absent), its text."""

    line: int
    values: tuple[Any, ...]
    raw: bytes | str | None

    def text(self) -> str:
        """The record as it was read; the wanted values as JSON where the format has no text."""
        if isinstance(self.raw, bytes):
            return self.raw.decode("utf-8", "backslashreplace")
        return orjson.dumps(self.values, default=str).decode() if self.raw is None else self.raw


def read_records(
    path: str, source: Source, columns: tuple[str, ...]
) -> Iterator[Record | Reject]:
    """Reads one file; a record that cannot be read is a Reject, blank lines are no records.

    Args:
      path: One file, local or remote; .gz, .bz2 and .zst are decompressed.
      source: Its format and layout.
      columns: The wanted columns; of JSON and Parquet also dotted paths into nested values.

    Raises:
      InputError: The file as a whole cannot be read, or its CSV header lacks a column.
    """
    if source.format == "csv":
        return _read_csv(path, source.csv, columns)
    if source.format == "jsonl":
        return _read_jsonl(path, columns)
    return _read_parquet(path, columns)


def find_columns(path: str, source: Source, wanted: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The columns of one file, and those of `wanted` that it lacks.

    JSON Lines have no header: a column is there when one of the first 100 records has it.
    """
    if source.format == "csv":
        names = list(source.csv.header) if source.csv.header else _header(path, source.csv)
        return names, [name for name in wanted if name not in names]
    if source.format == "parquet":
        with _parquet(path) as file:
            names = list(file.schema_arrow.names)
        return names, [name for name in wanted if _top(name, names) not in names]
    seen: dict[str, None] = {}
    lacking = set(wanted)
    with open_input(path) as file:
        for line in islice(file, _LINES_TO_FIND_COLUMNS):
            value = _loads_or_none(_without_bom(line))
            if isinstance(value, dict):
                seen.update(dict.fromkeys(value))
                lacking -= {name for name in lacking if _has(value, name)}
    # A file without one JSON object is refused record by record, with better messages.
    return list(seen), [name for name in wanted if name in lacking and seen]


def _read_csv(
    path: str, layout: CsvSettings, columns: tuple[str, ...]
) -> Iterator[Record | Reject]:
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
    for number, line in enumerate(file, start=1):
        if number == 1 and codecs.lookup(encoding).name.startswith("utf-8"):
            line = _without_bom(line)
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


def _header(path: str, layout: CsvSettings) -> list[str]:
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


def _read_jsonl(path: str, columns: tuple[str, ...]) -> Iterator[Record | Reject]:
    getters = [_getter(name) for name in columns]
    with open_input(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1:
                line = _without_bom(line)
            line = line.rstrip(b"\r\n")
            try:
                value = orjson.loads(line)
                if isinstance(value, dict):
                    yield Record(number, tuple([get(value) for get in getters]), line)
                    continue
                problem = f"a JSON {type(value).__name__}, expected an object"
            except orjson.JSONDecodeError as error:
                if not line.strip():
                    continue
                problem = f"not JSON: {error}"
            raw = line.decode("utf-8", "backslashreplace")
            yield Reject(path, number, RejectReason.UNPARSEABLE, problem, raw)


def _read_parquet(path: str, columns: tuple[str, ...]) -> Iterator[Record]:
    getters = [_getter(name) for name in columns]
    with _parquet(path) as file:
        names = list(file.schema_arrow.names)
        wanted = sorted({_top(name, names) for name in columns})
        _positions(path, names, tuple(wanted))
        number = 0
        for batch in file.iter_batches(_PARQUET_ROWS_PER_BATCH, columns=wanted):
            for row in batch.to_pylist():
                number += 1
                yield Record(number, tuple([get(row) for get in getters]), None)


class _parquet:
    """A ParquetFile whose errors name the file."""

    def __init__(self, path: str):
        self._path = path
        self._opened = open_input(path)

    def __enter__(self) -> pq.ParquetFile:
        file = self._opened.__enter__()
        try:
            return pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            self._opened.__exit__(None, None, None)
            raise InputError(f"{self._path} is not a readable Parquet file: {error}") from error

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._opened.__exit__(None, None, None)
        if isinstance(error, pa.ArrowException | OSError):
            raise InputError(f"{self._path}: damaged Parquet data: {error}") from error


def _top(name: str, names: list[str]) -> str:
    return name if name in names else name.split(".", 1)[0]


def _getter(name: str) -> Callable[[dict[str, Any]], Any]:
    """Looks a name up: as a key, else as a dotted path."""
    if "." not in name:
        return lambda record: record.get(name)
    parts = name.split(".")

    def get(record: dict[str, Any]) -> Any:
        if name in record:
            return record[name]
        value: Any = record
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return get


def _has(record: dict[str, Any], name: str) -> bool:
    return name in record or _getter(name)(record) is not None


def _loads_or_none(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _without_bom(line: bytes) -> bytes:
    return line.removeprefix(codecs.BOM_UTF8)
