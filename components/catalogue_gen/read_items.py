"""Item files as rows cut by id into buckets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from components.catalogue_gen.item_table import by_bucket
from components.catalogue_gen.make_items import ITEMS
from components.catalogue_gen.parse import ItemParser
from components.readers.records import ReadBatch
from components.records.erase import withheld
from components.records.side_outputs import outputs
from schemas.data_settings import ItemsSettings


@dataclass(frozen=True)
class ItemReader:
    """Reads items (a `read_source.BatchReader`).

    Attributes:
      files: The sorted item files, or what stands for a query.
      settings: Their format and layout.
      parser: Turns records into items.
    """

    files: tuple[str, ...]
    settings: ItemsSettings
    parser: ItemParser
    name: str = ITEMS

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that the parser takes."""
        return self.parser.columns

    def outputs_of(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """(bucket, rows of `item_table.items_schema` as bytes); rejects and counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        yield from by_bucket(parsed.batch)
        rejects = batch.rejects
        if self.parser.erased.item_ids:
            rejects = [withheld(reject) for reject in rejects]
        yield from outputs(
            ITEMS,
            [*rejects, *parsed.rejects],
            num_read=len(batch.rows) + len(batch.rejects),
            num_erased=parsed.num_erased,
        )
