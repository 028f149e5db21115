"""Files of any supported format: the values of the wanted columns, in file order."""

from collections.abc import Iterator
from operator import attrgetter

from components.readers.column_search import FoundColumns
from components.readers.formats.read_avro import avro_columns, read_avro
from components.readers.formats.read_csv import header_of, read_csv
from components.readers.formats.read_jsonl import find_keys, read_jsonl, read_unparsed
from components.readers.formats.read_parquet import parquet_columns, read_parquet
from components.readers.formats.read_tfrecord import find_features, read_tfrecord
from components.readers.open_input import DamagedFileError
from components.readers.records import ReadBatch, Record, Rows, top_column
from schemas.events import Reject, RejectReason
from schemas.source_settings import SourceSettings


def read_batches(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[ReadBatch]:
    """Reads one file in batches of columns; blank lines are no records.

    Args:
      path: One file, local or remote; .gz, .bz2 and .zst are decompressed.
      source: Its format and layout, and what is done where it is damaged.
      columns: The wanted columns; but for CSV and TFRecord also dotted paths into nested values.

    Yields:
      Batches of about 50,000 records, each record once: read, or rejected because it alone cannot
      be. With `damaged_files: reject` what is lost of a file is one rejection: of a Parquet row
      group or an Avro block where the rest can still be read, else of all that is left.

    Raises:
      InputError: The file cannot be opened, its layout is another one, it lacks a column or,
        unless `damaged_files: reject`, it is damaged. What is readable has been read before.
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
        yield ReadBatch(Rows.none(len(columns)), [reject])


def read_for_text(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[Rows]:
    """The rows that `read_batches` reads, for the sake of their lines and texts.

    Where a line is a record (JSON Lines) nothing is parsed: rows have no columns, and lines that
    are no records are among them.
    """
    if source.format == "jsonl":
        yield from read_unparsed(path)
    else:
        for batch in read_batches(path, source, columns):
            if len(batch.rows):
                yield batch.rows


def read_records(
    path: str, source: SourceSettings, columns: tuple[str, ...]
) -> Iterator[Record | Reject]:
    """The records that `read_batches` reads and rejects, one by one, in file order."""
    for batch in read_batches(path, source, columns):
        found: list[Record | Reject] = [*batch.rows.records(), *batch.rejects]
        yield from sorted(found, key=attrgetter("line")) if batch.rejects else found


def find_columns(path: str, source: SourceSettings, wanted: tuple[str, ...]) -> FoundColumns:
    """The columns of one file, and those of `wanted` that it lacks.

    JSON Lines and TFRecords have no header: a column is there when one of the first 10,000 records
    has it. Nothing is said to lack in a file without a readable record or header.

    Raises:
      InputError: The file cannot be opened, or its header not be read.
    """
    skip_damage = source.damaged_files == "reject"
    if source.format == "jsonl":
        return find_keys(path, wanted, skip_damage)
    if source.format == "tfrecord":
        return find_features(path, wanted, skip_damage)
    if source.format == "csv":
        names = list(source.csv.header or ()) or header_of(path, source.csv)
        return FoundColumns(names, [name for name in wanted if name not in names and names])
    if source.format == "avro":
        names = avro_columns(path)
        return FoundColumns(
            names, [name for name in wanted if top_column(name, names) not in names]
        )
    names = parquet_columns(path)
    return FoundColumns(names, [name for name in wanted if name not in names])


def _read(path: str, source: SourceSettings, columns: tuple[str, ...]) -> Iterator[ReadBatch]:
    skip_damage = source.damaged_files == "reject"
    if source.format == "csv":
        return read_csv(path, source.csv, columns)
    if source.format == "jsonl":
        return read_jsonl(path, columns)
    if source.format == "tfrecord":
        return read_tfrecord(path, columns)
    if source.format == "avro":
        return read_avro(path, columns, skip_damage)
    return read_parquet(path, columns, skip_damage)
