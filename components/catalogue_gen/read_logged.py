"""Which items are logged, as ids cut into buckets."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apache_beam.pvalue import TaggedOutput

from components.catalogue_gen.item_table import bucket
from components.catalogue_gen.make_items import LOGGED
from components.example_gen.event_parser import EventParser
from components.readers.records import ReadBatch
from components.records.erase import withheld
from components.records.side_outputs import SUMMARY_TAG
from components.records.summary import Summary
from schemas.data_settings import InteractionsSettings
from schemas.events import RejectReason
from schemas.features import ITEM_ID


@dataclass(frozen=True)
class LoggedItemReader:
    """Reads the item of every readable event that is not erased (a `read_source.BatchReader`).

    Records read, rejected and erased are counted under `logged` only to explain a log without any
    item: InteractionExampleGen reads the same log, and reports them.

    Attributes:
      files: The log's sorted files, or what stands for a query.
      settings: Their format and layout.
      parser: Turns records into events.
    """

    files: tuple[str, ...]
    settings: InteractionsSettings
    parser: EventParser
    name: str = LOGGED

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that the parser takes."""
        return self.parser.columns

    def outputs_of(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """(bucket, ids); counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        rejects = batch.rejects
        if self.parser.erased:
            rejects = [withheld(reject) for reject in rejects]
        summary = Summary()
        summary.read[LOGGED] = len(batch.rows) + len(batch.rejects)
        summary.add_rejects(LOGGED, [*rejects, *parsed.rejects])
        if parsed.num_erased:
            summary.rejects[LOGGED, RejectReason.ERASED.value] += parsed.num_erased
        yield TaggedOutput(SUMMARY_TAG, summary)
        items = parsed.batch.column(parsed.batch.schema.get_field_index(ITEM_ID))
        by_bucket: defaultdict[int, list[str]] = defaultdict(list)
        for item_id in items.unique().to_numpy(zero_copy_only=False):
            by_bucket[bucket(item_id)].append(item_id)
        yield from by_bucket.items()
