"""The Beam step that reads a source, whether files or a query, batch by batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import apache_beam as beam

from components.readers.bigquery import ReadQuery
from components.readers.read import read_batches
from components.readers.records import ReadBatch
from components.readers.source_columns import check_source
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG, outputs
from schemas.data_settings import InteractionsSettings, ItemsSettings, UsersSettings
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

# Stands for the file of a query's rows, which have no line either.
QUERY_PLACE = "query"


class BatchReader(Protocol):
    """What one source's records become."""

    @property
    def name(self) -> str:
        """`interactions`, `users`, `items` or `logged`: under which its records are counted."""

    @property
    def files(self) -> tuple[str, ...]:
        """Its sorted files; `QUERY_PLACE` alone for a query."""

    @property
    def settings(self) -> SourceSettings:
        """Their format and layout."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""

    def outputs_of(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """Rows by key, and the tagged `outputs`, of some records of one file."""


class ReadSource(beam.PTransform):
    """A Pipeline → `rows`, `rejects` and `summary` of one source.

    Reading and parsing are one step: records, unlike rows, are dear to hand from step to step.
    """

    def __init__(self, reader: BatchReader):
        super().__init__()
        self._reader = reader

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection]:
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
    """File index → rows by key; rejects and counts."""

    def __init__(self, reader: BatchReader):
        self._reader = reader

    def process(self, file: int) -> Iterator[Any]:
        reader = self._reader
        try:
            batches = read_batches(reader.files[file], reader.settings, reader.columns)
            for batch in _read_ahead(batches):
                yield from reader.outputs_of(batch, file)
        except InputError as error:
            yield from outputs(reader.name, [], faults={str(error)})


def _read_ahead(batches: Iterator[ReadBatch]) -> Iterator[ReadBatch]:
    """The same batches, each read while the one before is worked on: readers are mostly Arrow,
    JSON and decompression, which let go of the interpreter.
    """
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


class _ParseBatches(beam.DoFn):
    """ReadBatch of a query → rows by key; rejects and counts."""

    def __init__(self, reader: BatchReader):
        self._reader = reader

    def process(self, batch: ReadBatch) -> Iterator[Any]:
        yield from self._reader.outputs_of(batch, 0)


def places_of(
    key: str, source: InteractionsSettings | ItemsSettings | UsersSettings
) -> tuple[str, ...]:
    """The checked files of a source (`columns.check_source`), or `QUERY_PLACE`."""
    return check_source(key, source) or (QUERY_PLACE,)
