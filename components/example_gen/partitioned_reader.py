"""The reader of the log and of the users file, whose rows are partitioned by user."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.example_gen.event_parser import EventParser, UserParser
from components.example_gen.event_table import partition_by_user
from components.readers.records import ReadBatch
from components.records.erase import withhold_record
from components.records.side_outputs import rejects_and_counts
from schemas.source_settings import SourceSettings

INTERACTIONS = "interactions"
USERS = "users"


@dataclass(frozen=True)
class PartitionedReader:
    """A `read_source.BatchReader` of records that have a user.

    Attributes:
      name: `interactions` or `users`.
      files: The sorted files, or `QUERY_FILE`.
      settings: The format and layout of the files.
      parser: The parser of the records.
      num_partitions: Number of partitions.
    """

    name: str
    files: tuple[str, ...]
    settings: SourceSettings
    parser: EventParser | UserParser
    num_partitions: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        return self.parser.columns

    def process_batch(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """Yields (partition, rows as an Arrow IPC stream), and tagged rejects and counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        yield from partition_by_user(parsed.batch, self.num_partitions)
        rejects = batch.rejects
        if self.parser.erased:
            rejects = [withhold_record(reject) for reject in rejects]
        num_read = len(batch.rows) + len(batch.rejects)
        yield from rejects_and_counts(
            self.name,
            [*rejects, *parsed.rejects],
            num_read,
            parsed.num_erased,
            times=parsed.times,
        )
