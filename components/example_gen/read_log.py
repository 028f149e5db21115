"""The log and the users file as rows cut by user into partitions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.example_gen.event_parser import EventParser, UserParser
from components.example_gen.event_table import partition
from components.readers.records import ReadBatch
from components.records.erase import withheld
from components.records.side_outputs import outputs
from schemas.source_settings import SourceSettings

INTERACTIONS = "interactions"
USERS = "users"


@dataclass(frozen=True)
class RowReader:
    """Reads rows that have a user (a `read_source.BatchReader`).

    Attributes:
      name: `interactions` or `users`.
      files: Its sorted files, or what stands for a query.
      settings: Their format and layout.
      parser: Turns records into rows.
      num_partitions: Into how many parts the rows are cut by user.
    """

    name: str
    files: tuple[str, ...]
    settings: SourceSettings
    parser: EventParser | UserParser
    num_partitions: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that the parser takes."""
        return self.parser.columns

    def outputs_of(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """(partition, rows as Arrow IPC bytes) of some records; their rejects and counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        yield from partition(parsed.batch, self.num_partitions)
        rejects = batch.rejects
        if self.parser.erased:
            rejects = [withheld(reject) for reject in rejects]
        num_read = len(batch.rows) + len(batch.rejects)
        yield from outputs(self.name, [*rejects, *parsed.rejects], num_read, parsed.num_erased)
