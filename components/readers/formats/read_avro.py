"""Reads Avro files in batches of columns."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

import fastavro
import numpy as np

from components.readers.column_search import FoundColumns
from components.readers.explode import explain_list
from components.readers.magic import check_magic
from components.readers.open_input import DamagedFileError, open_input
from components.readers.records import ReadBatch, Rows, getter, top_column
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings

_ROWS_PER_BATCH = 50_000
_MAGIC = b"Obj\x01"
# The errors of decoders on bytes that do not match the schema.
_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    OSError,
    MemoryError,
    RecursionError,
    AttributeError,
    struct.error,
    zlib.error,
    fastavro.schema.SchemaParseException,
    fastavro.schema.UnknownType,
)


def read_avro(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    """Reads one file; logical types become Python's dates, times and decimals.

    Args:
      path: The file, of any codec for which fastavro finds a library.
      source: With `damaged_files: reject`, each block that cannot be decoded is one rejection.
      columns: Names, or dotted paths into nested records.

    Raises:
      InputError: A column is not in the schema, or the codec's library is not installed.
      DamagedFileError: The header, a block, or the framing of a block cannot be read.
    """
    getters = [getter(name) for name in columns]
    next_row = 1
    pending: list[dict[str, Any]] = []

    def batch() -> ReadBatch:
        numbers = np.arange(next_row - len(pending), next_row)
        values = tuple(_as_utf8([get(record) for record in pending]) for get in getters)
        return ReadBatch(Rows(numbers, values), [])

    damage = None
    with open_input(path) as file:
        try:
            reader = _open(path, file)
            _check_columns(path, _names(reader), columns)
            for block in _blocks(path, file, reader):
                records = _decode(block)
                if isinstance(records, list):
                    pending += records
                    next_row += len(records)
                    if len(pending) >= _ROWS_PER_BATCH:
                        yield batch()
                        pending = []
                    continue
                yield batch()
                pending = []
                cause = f"block of {block.num_records} rows: {_describe(records)}"
                if source.damaged_files == "fail":
                    raise DamagedFileError(path, cause) from records
                reject = Reject(path, next_row, RejectReason.DAMAGED_FILE, cause, "")
                yield ReadBatch(Rows.empty(len(columns)), [reject])
                next_row += block.num_records
        except DamagedFileError as error:
            damage = error.at(next_row)
    if pending:
        yield batch()
    if damage:
        raise damage


def find_avro_columns(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the field names of one file's records, and which of `wanted` are missing.

    Of a dotted path only the head is looked up.

    Raises:
      InputError: The library of the codec is not installed.
      DamagedFileError: The header cannot be read.
    """
    with open_input(path) as file:
        reader = _open(path, file)
        # The first block shows whether the codec's library is installed; `read_avro` reports
        # damage.
        with suppress(DamagedFileError):
            next(_blocks(path, file, reader), None)
        names = _names(reader)
    missing = [name for name in wanted if top_column(name, names) not in names]
    hint = ""
    for name in wanted:
        problem, parent = _below_list(reader.writer_schema, name, source.exploded)
        if problem and name not in missing and name not in names:
            missing.append(name)
            hint = hint or (explain_list(parent) if parent else "")
    return FoundColumns(names, missing, hint=hint)


def _below_list(schema: Any, name: str, exploded: tuple[str, ...]) -> tuple[bool, str]:
    """Returns whether no value of a schema can have a column because of a list.

    Args:
      schema: The schema of the records.
      name: A column, or a dotted path.
      exploded: The columns of lists whose elements become records.

    Returns:
      Whether a list without `explode` is above the column, or the elements of an exploded list do
      not have it; and the former list, "" without one. Types that are named elsewhere, and maps,
      are taken to have every field.
    """
    parts = name.split(".")
    current = schema
    for at, part in enumerate(parts):
        path = ".".join(parts[:at])
        kinds = (
            [kind for kind in current if kind != "null"] if isinstance(current, list) else [current]
        )
        kind = kinds[0] if len(kinds) == 1 else None
        is_element = False
        if isinstance(kind, dict) and kind.get("type") == "array":
            if path not in exploded:
                return True, path
            is_element = True
            kind = kind["items"]
            kinds = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
            kind = kinds[0] if len(kinds) == 1 else None
        if not (isinstance(kind, dict) and kind.get("type") == "record"):
            return False, ""
        fields = {field["name"]: field["type"] for field in kind["fields"]}
        if part not in fields:
            return is_element, ""
        current = fields[part]
    return False, ""


def _open(path: str, file: IO[bytes]) -> Any:
    try:
        # Text that is not UTF-8 must not make its whole block unreadable: `_as_utf8` turns it back
        # into bytes.
        reader = fastavro.block_reader(file, handle_unicode_errors="surrogateescape")
    except InputError:
        raise
    except _DAMAGE as error:
        check_magic(path, _MAGIC, "Avro")
        raise DamagedFileError(path, f"not a readable Avro file: {_describe(error)}") from error
    schema = reader.writer_schema
    if not (isinstance(schema, dict) and schema.get("type") == "record"):
        raise InputError(f"{path}: its Avro schema is {schema!r}, expected a record with fields")
    return reader


def _names(reader: Any) -> list[str]:
    return [field["name"] for field in reader.writer_schema["fields"]]


def _check_columns(path: str, names: list[str], columns: tuple[str, ...]) -> None:
    for name in columns:
        if top_column(name, names) not in names:
            raise InputError(f"{path}: no column {name!r} in its schema ({', '.join(names)})")


def _blocks(path: str, file: IO[bytes], reader: Any) -> Iterator[Any]:
    """Yields the blocks of a file, decompressed but not decoded."""
    end = None
    while True:
        try:
            block = next(reader, None)
        except InputError:
            raise
        except _DAMAGE as error:
            if "you need to install" in str(error):
                raise InputError(f"{path}: {error}, or write it with codec deflate") from error
            raise DamagedFileError(path, _describe(error)) from error
        if block is None:
            break
        if block.num_records < 0:
            raise DamagedFileError(path, f"a block of {block.num_records} rows")
        end = block.offset + block.size
        yield block
    if end is not None and file.tell() != end:
        raise DamagedFileError(path, "it ends within the header of a block")


def _decode(block: Any) -> list[dict[str, Any]] | Exception:
    """Returns the records of a block, or the error of its decoder."""
    try:
        return list(block)
    except _DAMAGE as error:
        return error


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _as_utf8(values: list[Any]) -> list[Any]:
    """Returns the values, with text that is not UTF-8 in the file as bytes."""
    try:
        "".join([value for value in values if type(value) is str]).encode()
    except UnicodeEncodeError:
        return [_bytes_if_not_utf8(value) for value in values]
    return values


def _bytes_if_not_utf8(value: Any) -> Any:
    if type(value) is not str:
        return value
    encoded = value.encode("utf-8", "surrogateescape")
    return value if encoded.decode("utf-8", "ignore") == value else encoded
