"""Beam steps that read the log and the users file, and cut their rows by user into partitions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from components.example_gen.erase import withheld
from components.example_gen.event_parser import EventParser, UserParser
from components.example_gen.event_table import partition
from components.example_gen.outputs import REJECTS_TAG, SUMMARY_TAG, outputs
from components.example_gen.readers.read import read_batches
from components.example_gen.readers.records import ReadBatch
from schemas.errors import InputError
from schemas.source_settings import SourceSettings

INTERACTIONS = "interactions"
USERS = "users"


@dataclass(frozen=True)
class RowSource:
    """One source of rows that have a user.

    Attributes:
      name: `interactions` or `users`.
      files: Its sorted files.
      settings: Their format and layout.
      parser: Turns records into rows.
      num_partitions: Into how many parts the rows are cut by user.
    """

    name: str
    files: tuple[str, ...]
    settings: SourceSettings
    parser: EventParser | UserParser
    num_partitions: int

    def outputs_of(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """(partition, rows as Arrow IPC bytes) of some records; their rejects and counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        yield from partition(parsed.batch, self.num_partitions)
        rejects = batch.rejects
        if self.parser.erased:
            rejects = [withheld(reject) for reject in rejects]
        num_read = len(batch.rows) + len(batch.rejects)
        yield from outputs(self.name, [*rejects, *parsed.rejects], num_read, parsed.num_erased)


class ReadRows(beam.DoFn):
    """File index → (partition, rows as Arrow IPC bytes); rejects and counts.

    Reading and parsing are one step: records, unlike rows, are dear to hand from step to step.
    """

    def __init__(self, source: RowSource):
        self._source = source

    def process(self, file: int) -> Iterator[Any]:
        source = self._source
        try:
            path = source.files[file]
            for batch in read_batches(path, source.settings, source.parser.columns):
                yield from source.outputs_of(batch, file)
        except InputError as error:
            yield from outputs(source.name, [], faults={str(error)})


def read_files(
    pipeline: beam.Pipeline, name: str, num_files: int, reader: beam.DoFn
) -> dict[str, beam.PCollection]:
    """Runs a reader over file indices: `rows`, `rejects` and `summary`."""
    return (
        pipeline
        | f"{name}/Files" >> beam.Create(range(num_files), reshuffle=num_files > 1)
        | name >> beam.ParDo(reader).with_outputs(REJECTS_TAG, SUMMARY_TAG, main="rows")
    )
