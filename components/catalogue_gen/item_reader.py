"""The reader of the items files, whose rows are grouped by item into buckets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.catalogue_gen.item_parser import ItemParser
from components.catalogue_gen.item_table import split_by_bucket
from components.catalogue_gen.make_items import ITEMS
from components.readers.records import ReadBatch
from components.records.erase import withhold_record
from components.records.side_outputs import rejects_and_counts
from schemas.data_settings import ItemsSettings


@dataclass(frozen=True)
class ItemReader:
    """A `read_source.BatchReader` of the items files.

    Attributes:
      files: The sorted items files, or `QUERY_FILE`.
      settings: The format and layout of the files.
      parser: The parser of the records.
      name: The name of the counts.
    """

    files: tuple[str, ...]
    settings: ItemsSettings
    parser: ItemParser
    name: str = ITEMS

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        return self.parser.columns

    def process_batch(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """Yields (bucket, rows as an Arrow IPC stream), and tagged rejects and counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        yield from split_by_bucket(parsed.batch)
        rejects = batch.rejects
        if self.parser.erased.item_ids:
            rejects = [withhold_record(reject) for reject in rejects]
        yield from rejects_and_counts(
            ITEMS,
            [*rejects, *parsed.rejects],
            num_read=len(batch.rows) + len(batch.rejects),
            num_erased=parsed.num_erased,
            list_forms=parsed.list_forms,
            times=parsed.times,
            text_looks=parsed.text_looks,
        )
