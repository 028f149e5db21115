"""The table of input formats: how the files of each `SourceSettings.format` are read.

A new format is a module in this folder, an entry in `FORMATS`, and a literal in
`schemas.source_settings.SourceFormat`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from components.readers.column_search import FoundColumns
from components.readers.formats.read_avro import find_avro_columns, read_avro
from components.readers.formats.read_csv import find_csv_columns, read_csv
from components.readers.formats.read_jsonl import find_keys, read_jsonl, read_unparsed
from components.readers.formats.read_parquet import find_parquet_columns, read_parquet
from components.readers.formats.read_tfrecord import find_features, read_tfrecord
from components.readers.records import ReadBatch, Rows
from schemas.errors import InputError
from schemas.source_settings import SourceFormat, SourceSettings

# A query has no files: `bigquery.ReadQuery` reads it.
QUERY_FORMAT: SourceFormat = "bigquery"


def _never(source: SourceSettings) -> bool:
    return False


def _always(source: SourceSettings) -> bool:
    return True


def _unless_header_is_configured(source: SourceSettings) -> bool:
    return source.csv.header is None


@dataclass(frozen=True)
class InputFormat:
    """How the files of one format are read.

    Attributes:
      read_batches: (path, source, columns) → the records of a file with the values of `columns`.
        Where the file is damaged, it raises `DamagedFileError` after the readable records.
      find_columns: (path, source, wanted) → the columns of a file, and which of `wanted` are
        missing.
      has_header: source → whether each file names its columns in a header or a schema. If so, the
        columns of every file are checked before any record is read.
      read_unparsed: path → rows with line numbers and texts but no columns, for formats whose
        records need not be parsed for them; None for other formats.
      is_compressed: Whether the format compresses its values, so that a file is much smaller than
        its records.
    """

    read_batches: Callable[[str, SourceSettings, tuple[str, ...]], Iterator[ReadBatch]]
    find_columns: Callable[[str, SourceSettings, tuple[str, ...]], FoundColumns]
    has_header: Callable[[SourceSettings], bool] = _never
    read_unparsed: Callable[[str], Iterator[Rows]] | None = None
    is_compressed: bool = False


FORMATS: dict[SourceFormat, InputFormat] = {
    "csv": InputFormat(read_csv, find_csv_columns, has_header=_unless_header_is_configured),
    "jsonl": InputFormat(read_jsonl, find_keys, read_unparsed=read_unparsed),
    "parquet": InputFormat(
        read_parquet, find_parquet_columns, has_header=_always, is_compressed=True
    ),
    "avro": InputFormat(read_avro, find_avro_columns, has_header=_always, is_compressed=True),
    "tfrecord": InputFormat(read_tfrecord, find_features),
}


def format_of(source: SourceSettings) -> InputFormat:
    """Returns the format of the files of a source.

    Raises:
      InputError: The source is a query, or its format is not in `FORMATS`.
    """
    if source.format == QUERY_FORMAT:
        raise InputError(
            f"format {QUERY_FORMAT}: a query has no files; set query instead of path, or set "
            f"format to that of the files ({_known_formats()})"
        )
    if source.format not in FORMATS:
        raise InputError(
            f"format {source.format!r} is not known; known formats of files are {_known_formats()}"
        )
    return FORMATS[source.format]


def _known_formats() -> str:
    return ", ".join(FORMATS)
