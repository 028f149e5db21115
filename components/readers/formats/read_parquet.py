"""Reads Parquet files in batches of columns."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.readers.column_search import FoundColumns
from components.readers.explode import explain_list
from components.readers.magic import check_magic
from components.readers.open_input import DamagedFileError, is_compressed, open_input
from components.readers.records import ReadBatch, Rows
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings

_ROWS_PER_BATCH = 50_000
_MAGIC = b"PAR1"
# Arrow raises OSError too, and its Python bindings raise built-in errors.
_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError)


def read_parquet(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[ReadBatch]:
    """Reads one file; rows are numbered across row groups.

    Args:
      path: The file.
      source: With `damaged_files: reject`, each unreadable row group is one rejection.
      columns: Names, or dotted paths into structs.

    Raises:
      InputError: A column is not in the schema.
      DamagedFileError: The footer or a row group cannot be read.
    """
    with _open(path) as file:
        schema = file.schema_arrow
        for name in columns:
            if not _has_field(schema, name):
                shown = ", ".join(schema.names)
                raise InputError(f"{path}: no column {name!r} in its schema ({shown})")
        next_row = 1
        for group in range(file.num_row_groups):
            end = next_row + file.metadata.row_group(group).num_rows
            try:
                for rows in _read_group(file, group, columns, next_row):
                    yield ReadBatch(rows, [])
                    next_row += len(rows)
                if next_row != end:
                    raise ValueError(f"it ends {end - next_row} rows early")
            except _DAMAGE as error:
                cause = f"row group {group}, up to row {end - 1}: {type(error).__name__}: {error}"
                if source.damaged_files == "fail":
                    raise DamagedFileError(path, cause, next_row) from error
                reject = Reject(path, next_row, RejectReason.DAMAGED_FILE, cause, "")
                yield ReadBatch(Rows.empty(len(columns)), [reject])
            next_row = max(next_row, end)


def find_parquet_columns(
    path: str, source: SourceSettings, wanted: tuple[str, ...]
) -> FoundColumns:
    """Returns the columns of one file, and which of `wanted` are missing.

    The fields of structs, and of the elements of exploded lists, are among the columns, as dotted
    paths.

    Raises:
      DamagedFileError: The footer cannot be read.
    """
    with _open(path) as file:
        names: list[str] = []
        lists: list[str] = []
        fields = [(field.name, field.type) for field in file.schema_arrow]
        while fields:
            name, kind = fields.pop(0)
            names.append(name)
            if _is_list(kind):
                lists.append(name)
                kind = kind.value_type if name in source.exploded else kind
            if pa.types.is_struct(kind):
                fields = [(f"{name}.{field.name}", field.type) for field in kind] + fields
    missing = [name for name in wanted if name not in names]
    parents = [parent for parent in lists for name in missing if name.startswith(f"{parent}.")]
    unread = [parent for parent in parents if parent not in source.exploded]
    return FoundColumns(names, missing, hint=explain_list(unread[0]) if unread else "")


def _is_list(kind: pa.DataType) -> bool:
    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )


@contextmanager
def _open(path: str) -> Iterator[pq.ParquetFile]:
    with open_input(path) as file, tempfile.TemporaryFile() as decompressed:
        if is_compressed(path):
            # The footer is read first and is at the end, which a compressed stream cannot seek to.
            shutil.copyfileobj(file, decompressed)
        try:
            opened = pq.ParquetFile(decompressed if is_compressed(path) else file)
            groups = [opened.metadata.row_group(at) for at in range(opened.num_row_groups)]
            if any(group.num_rows < 0 for group in groups):
                raise ValueError("a row group has a negative number of rows")
            if sum(group.num_rows for group in groups) != opened.metadata.num_rows:
                raise ValueError("the row counts of its row groups do not sum to its row count")
        except _DAMAGE as error:
            check_magic(path, _MAGIC, "Parquet")
            cause = f"not a readable Parquet file: {type(error).__name__}: {error}"
            raise DamagedFileError(path, cause) from error
        yield opened


def _has_field(schema: pa.Schema, name: str) -> bool:
    if name in schema.names:
        return True
    top, *path = name.split(".")
    if top not in schema.names:
        return False
    kind = schema.field(schema.names.index(top)).type
    for part in path:
        if not pa.types.is_struct(kind) or kind.get_field_index(part) < 0:
            return False
        kind = kind[kind.get_field_index(part)].type
    return True


def _read_group(
    file: pq.ParquetFile, group: int, columns: tuple[str, ...], next_row: int
) -> Iterator[Rows]:
    wanted = sorted(set(columns))
    for batch in file.iter_batches(_ROWS_PER_BATCH, row_groups=[group], columns=wanted):
        numbers = np.arange(next_row, next_row + batch.num_rows)
        yield Rows(numbers, tuple(_to_plain(_column(batch, name)) for name in columns))
        next_row += batch.num_rows


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    names = batch.schema.names
    if name in names:
        return batch.column(names.index(name))
    top, *path = name.split(".")
    values = batch.column(names.index(top))
    for part in path:
        values = pc.struct_field(values, [values.type.get_field_index(part)])
    return values


def _to_plain(values: pa.Array) -> pa.Array:
    """Converts values to types that have a counterpart in Python.

    Extension types and dictionaries become their values, times are in UTC with at most
    microseconds as in Python's datetime, and text that is not UTF-8 becomes bytes.

    Raises:
      pa.ArrowInvalid: The array does not match its type.
    """
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values.validate(full=True)
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type):
        unit = "us" if values.type.unit == "ns" else values.type.unit
        values = values.cast(pa.timestamp(unit, values.type.tz and "UTC"), safe=False)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        if pa.types.is_string(values.type):
            values = values.cast(pa.binary())
        elif pa.types.is_large_string(values.type):
            values = values.cast(pa.large_binary())
        values.validate(full=True)
    return values
