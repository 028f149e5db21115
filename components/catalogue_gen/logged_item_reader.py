"""The reader of the items in the log, whose ids are grouped into buckets."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apache_beam.pvalue import TaggedOutput

from components.catalogue_gen.item_table import item_bucket
from components.catalogue_gen.make_items import LOGGED
from components.example_gen.event_parser import EventParser
from components.readers.records import ReadBatch
from components.records.erase import withhold_record
from components.records.side_outputs import SUMMARY_TAG
from components.records.summary import Summary
from schemas.data_settings import InteractionsSettings
from schemas.events import RejectReason
from schemas.features import ITEM_ID


@dataclass(frozen=True)
class LoggedItemReader:
    """A `read_source.BatchReader` of the item ids of all valid events that are not erased.

    The counts under `logged` serve only for the error message of a log without items.
    InteractionExampleGen reads the same log and reports its counts and rejects.

    Attributes:
      files: The sorted files of the log, or `QUERY_FILE`.
      settings: The format and layout of the files.
      parser: The parser of the records.
      name: The name of the counts.
    """

    files: tuple[str, ...]
    settings: InteractionsSettings
    parser: EventParser
    name: str = LOGGED

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read."""
        return self.parser.columns

    def process_batch(self, batch: ReadBatch, file: int) -> Iterator[Any]:
        """Yields (bucket, item ids), and tagged counts."""
        parsed = self.parser.parse(batch.rows, file, self.files[file])
        rejects = batch.rejects
        if self.parser.erased:
            rejects = [withhold_record(reject) for reject in rejects]
        summary = Summary()
        summary.read[LOGGED] = len(batch.rows) + len(batch.rejects)
        summary.add_rejects(LOGGED, [*rejects, *parsed.rejects])
        if parsed.num_erased:
            summary.rejects[LOGGED, RejectReason.ERASED.value] += parsed.num_erased
        yield TaggedOutput(SUMMARY_TAG, summary)
        items = parsed.batch.column(parsed.batch.schema.get_field_index(ITEM_ID))
        by_bucket: defaultdict[int, list[str]] = defaultdict(list)
        for item_id in items.unique().to_numpy(zero_copy_only=False):
            by_bucket[item_bucket(item_id)].append(item_id)
        yield from by_bucket.items()
