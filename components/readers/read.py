"""Reads files of any supported format: the values of the wanted columns, in file order."""

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

from components.readers.column_search import FoundColumns
from components.readers.explode import explode, stored_columns
from components.readers.formats.table import format_of
from components.readers.open_input import DamagedFileError
from components.readers.records import ReadBatch, Record, Rows
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings


def read_batches(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[ReadBatch]:
    """Reads one file in batches of columns; blank lines are not records.

    Args:
      path: One file, local or remote; .gz, .bz2 and .zst are decompressed.
      source: The format and the layout of the file, and how damage is handled.
      columns: The wanted columns; except for CSV and TFRecord also dotted paths into nested
        values.

    Yields:
      Batches of about 50,000 records. Each record occurs once, as a row or, where it cannot be
      parsed, as a rejection. With `damaged_files: reject`, each unreadable part of a file is one
      rejection: a Parquet row group or an Avro block where the rest is readable, otherwise the
      remainder of the file.

    Raises:
      InputError: The file cannot be opened, its layout differs from `source`, a column is
        missing or, unless `damaged_files: reject`, the file is damaged. Damage is raised after
        the readable records.
    """
    try:
        for batch in _read(path, source, columns):
            if len(batch.rows) or batch.rejects:
                yield batch
    except DamagedFileError as error:
        if source.damaged_files == "fail":
            raise
        detail = f"nothing from here on can be read: {error.cause}"
        reject = Reject(path, error.line, RejectReason.DAMAGED_FILE, detail, "")
        yield ReadBatch(Rows.empty(len(columns)), [reject])


def _read(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    exploded = source.exploded
    stored = stored_columns(columns, exploded) if exploded else columns
    for batch in format_of(source).read_batches(path, source, stored):
        if exploded:
            yield from explode(batch, path, columns, exploded, source.format == "tfrecord")
        else:
            yield batch


def read_for_text(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[Rows]:
    """Reads the rows of `read_batches` where only their line numbers and texts are needed.

    Where each line is a record (JSON Lines), nothing is parsed: the rows have no columns and
    include lines that are not records. Lists to explode remain one record.
    """
    read_unparsed = format_of(source).read_unparsed
    if read_unparsed is not None:
        yield from read_unparsed(path)
    else:
        stored = stored_columns(columns, source.exploded)
        for batch in read_batches(path, replace(source, explode=None), stored):
            if len(batch.rows):
                yield batch.rows


def read_records(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[Record | Reject]:
    """Reads the records and rejections of `read_batches` one by one, in file order."""
    for batch in read_batches(path, source, columns):
        records: list[Record | Reject] = [*batch.rows.records(), *batch.rejects]
        yield from sorted(records, key=attrgetter("line")) if batch.rejects else records


def all_columns(path: str, source: SourceSettings) -> list[str]:
    """Returns the columns of the header or schema of a file, else those of its first records.

    Raises:
      InputError: The file cannot be opened, or its header cannot be read.
    """
    # No configured column has an empty name, so that the search does not end early.
    return find_columns(path, source, ("",)).names


def find_columns(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """Returns the columns of one file, and which of `wanted` are missing.

    JSON Lines and TFRecords have no header: a column counts as present if one of the first 10,000
    records has it. In a file without a readable record or header, no column counts as missing.

    Raises:
      InputError: The file cannot be opened, or its header cannot be read.
    """
    return format_of(source).find_columns(path, source, wanted)
