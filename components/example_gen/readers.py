"""Files of any supported format as records: the values of the wanted columns, in file order."""

from collections.abc import Iterator

from components.example_gen.read_csv import header_of, read_csv
from components.example_gen.read_jsonl import find_keys, read_jsonl
from components.example_gen.read_parquet import parquet_columns, read_parquet
from components.example_gen.records import Record, Source, top_column
from schemas.events import Reject


def read_records(path: str, source: Source, columns: tuple[str, ...]) -> Iterator[Record | Reject]:
    """Reads one file; a record that cannot be read is a Reject, blank lines are no records.

    Args:
      path: One file, local or remote; .gz, .bz2 and .zst are decompressed.
      source: Its format and layout.
      columns: The wanted columns; of JSON and Parquet also dotted paths into nested values.

    Raises:
      InputError: The file as a whole cannot be read, or its CSV header lacks a column.
    """
    if source.format == "csv":
        return read_csv(path, source.csv, columns)
    if source.format == "jsonl":
        return read_jsonl(path, columns)
    return read_parquet(path, columns)


def find_columns(path: str, source: Source, wanted: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The columns of one file, and those of `wanted` that it lacks.

    JSON Lines have no header: a column is there when one of the first 100 records has it.
    """
    if source.format == "jsonl":
        return find_keys(path, wanted)
    if source.format == "parquet":
        names = parquet_columns(path)
        return names, [name for name in wanted if top_column(name, names) not in names]
    names = list(source.csv.header or ()) or header_of(path, source.csv)
    return names, [name for name in wanted if name not in names]
