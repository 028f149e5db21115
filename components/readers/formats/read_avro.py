"""Avro files in batches of columns."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

import fastavro
import numpy as np

from components.readers.magic import check_magic
from components.readers.open_input import DamagedFileError, open_input
from components.readers.records import ReadBatch, Rows, getter, top_column
from schemas.errors import InputError
from schemas.events import Reject, RejectReason

_ROWS_PER_BATCH = 50_000
_MAGIC = b"Obj\x01"
# What decoders raise on bytes that are not what the schema says.
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


def read_avro(
    path: str, columns: tuple[str, ...], skip_damage: bool = False
) -> Iterator[ReadBatch]:
    """Reads one file of records; logical types come as Python's dates, times and decimals.

    Args:
      path: The file, of any codec that fastavro finds a library for.
      columns: Names, or dotted paths into nested records.
      skip_damage: Whether a block that cannot be decoded is one rejection, in place of an error.

    Raises:
      InputError: A column is not in the schema, or the codec's library is not installed.
      DamagedFileError: The header, a block, or the frame around one cannot be read.
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
                records = _decoded(block)
                if isinstance(records, list):
                    pending += records
                    next_row += len(records)
                    if len(pending) >= _ROWS_PER_BATCH:
                        yield batch()
                        pending = []
                    continue
                yield batch()
                pending = []
                cause = f"block of {block.num_records} rows: {_told(records)}"
                if not skip_damage:
                    raise DamagedFileError(path, cause) from records
                reject = Reject(path, next_row, RejectReason.DAMAGED_FILE, cause, "")
                yield ReadBatch(Rows.none(len(columns)), [reject])
                next_row += block.num_records
        except DamagedFileError as error:
            damage = error.at(next_row)
    if pending:
        yield batch()
    if damage:
        raise damage


def avro_columns(path: str) -> list[str]:
    """The field names of one file's records.

    Raises:
      InputError: The library of the codec is not installed.
      DamagedFileError: The header cannot be read.
    """
    with open_input(path) as file:
        reader = _open(path, file)
        with suppress(DamagedFileError):  # that of a block is for `read_avro` to tell
            next(_blocks(path, file, reader), None)
        return _names(reader)


def _open(path: str, file: IO[bytes]) -> Any:
    try:
        # Text that is not UTF-8 must not cost its block: `_as_utf8` gives it back as bytes.
        reader = fastavro.block_reader(file, handle_unicode_errors="surrogateescape")
    except InputError:
        raise
    except _DAMAGE as error:
        check_magic(path, _MAGIC, "Avro")
        raise DamagedFileError(path, f"not a readable Avro file: {_told(error)}") from error
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
    """The blocks of a file, unpacked but not decoded."""
    end = None
    while True:
        try:
            block = next(reader, None)
        except InputError:
            raise
        except _DAMAGE as error:
            if "you need to install" in str(error):
                raise InputError(f"{path}: {error}, or write it with codec deflate") from error
            raise DamagedFileError(path, _told(error)) from error
        if block is None:
            break
        if block.num_records < 0:
            raise DamagedFileError(path, f"a block of {block.num_records} rows")
        end = block.offset + block.size
        yield block
    if end is not None and file.tell() != end:
        raise DamagedFileError(path, "it ends within the head of a block")


def _decoded(block: Any) -> list[dict[str, Any]] | Exception:
    """The records of a block, or what its decoder fails with."""
    try:
        return list(block)
    except _DAMAGE as error:
        return error


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _as_utf8(values: list[Any]) -> list[Any]:
    """Values as they are; text that was not UTF-8 in the file as its bytes."""
    try:
        "".join([value for value in values if type(value) is str]).encode()
    except UnicodeEncodeError:
        return [_bytes_where_broken(value) for value in values]
    return values


def _bytes_where_broken(value: Any) -> Any:
    if type(value) is not str:
        return value
    encoded = value.encode("utf-8", "surrogateescape")
    return value if encoded.decode("utf-8", "ignore") == value else encoded
