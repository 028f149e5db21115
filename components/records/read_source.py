"""The Beam transform that reads and parses a source (files or a query) batch by batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import apache_beam as beam

from components.readers.bigquery import ReadQuery
from components.readers.read import read_batches
from components.readers.records import ReadBatch
from components.readers.source_columns import check_source
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG, rejects_and_counts
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

# The file name in rejects of a query's rows; their line is 0.
QUERY_FILE = "query"


class BatchReader(Protocol):
    """The parser of one source, and the description of its files."""

    @property
    def name(self) -> str:
        """The name of the counts: `interactions`, `users`, `items` or `logged`."""

    @property
    def files(self) -> tuple[str, ...]:
        """The sorted files; only `QUERY_FILE` for a query."""

    @property
    def settings(self) -> SourceSettings:
        """The format and layout of the files."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""

    def process_batch(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """Parses a batch of records.

        Args:
          batch: Records of one file.
          file: Index of the file in `files`.

        Yields:
          Rows by key, and the tagged outputs of `side_outputs.rejects_and_counts`.
        """


class ReadSource(beam.PTransform[beam.Pipeline, dict[str, beam.PCollection[Any]]]):
    """Reads and parses one source.

    Input: a Pipeline. Output: a dict of PCollections `rows`, `rejects` and `summary`. Reading and
    parsing are one step because raw records are expensive to pass between steps.
    """

    def __init__(self, reader: BatchReader):
        super().__init__()
        self._reader = reader

    # Beam's type hints do not support a dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection[Any]]:
        """Applies the transform."""
        reader = self._reader
        query = reader.settings.query
        if query is not None:
            elements = pipeline | "Query" >> ReadQuery(query, reader.columns)
            step: beam.DoFn = _ParseBatches(reader)
        else:
            num_files = len(reader.files)
            elements = pipeline | "Files" >> beam.Create(range(num_files), reshuffle=num_files > 1)
            step = _ReadFiles(reader)
        return elements | "Read" >> beam.ParDo(step).with_outputs(
            REJECTS_TAG, SUMMARY_TAG, main="rows"
        )


class _ReadFiles(beam.DoFn):
    """Reads and parses a file: file index → rows by key; tagged rejects and counts."""

    def __init__(self, reader: BatchReader):
        self._reader = reader

    def process(self, file: int) -> Iterator[Any]:
        reader = self._reader
        try:
            batches = read_batches(reader.files[file], reader.settings, reader.columns)
            for batch in _read_ahead(batches):
                yield from reader.process_batch(batch, file)
        except InputError as error:
            yield from rejects_and_counts(reader.name, [], faults={str(error)})


def _read_ahead(batches: Iterator[ReadBatch]) -> Iterator[ReadBatch]:
    """Yields the batches; a thread reads the next batch while the caller processes this one.

    Readers spend most of their time in Arrow, JSON parsing and decompression, which release the
    interpreter lock.
    """
    with ThreadPoolExecutor(1) as pool:
        next_batch = pool.submit(next, batches, None)
        while (batch := next_batch.result()) is not None:
            next_batch = pool.submit(next, batches, None)
            yield batch


class _ParseBatches(beam.DoFn):
    """Parses a batch of a query's rows: ReadBatch → rows by key; tagged rejects and counts."""

    def __init__(self, reader: BatchReader):
        self._reader = reader

    def process(self, batch: ReadBatch) -> Iterator[Any]:
        yield from self._reader.process_batch(batch, 0)


def source_files(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> tuple[str, ...]:
    """Returns the sorted files of a source, or `QUERY_FILE` for a query.

    Args:
      key: The section of the configuration, for error messages.
      source: The settings of the source.

    Raises:
      InputError: A file or column does not exist (see `source_columns.check_source`).
    """
    return check_source(key, source) or (QUERY_FILE,)
