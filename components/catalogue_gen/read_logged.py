"""The Beam step that finds out which items are logged."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from components.catalogue_gen.item_table import bucket
from components.catalogue_gen.make_items import LOGGED
from components.example_gen.erase import ErasedIds, withheld
from components.example_gen.event_parser import EventParser
from components.example_gen.outputs import SUMMARY_TAG
from components.example_gen.readers.read import read_batches
from components.example_gen.summary import Summary
from schemas.data_settings import InteractionsSettings
from schemas.errors import InputError
from schemas.features import ITEM_ID, Feature


class ReadLoggedItems(beam.DoFn):
    """File index → (bucket, ids): every item of a readable event that is not erased.

    Refused records are counted under `logged` only to explain a log without any item:
    InteractionExampleGen reads the same log, and reports them.
    """

    def __init__(
        self,
        files: tuple[str, ...],
        settings: InteractionsSettings,
        context: tuple[Feature, ...],
        erased: ErasedIds,
    ):
        self._files = files
        self._settings = settings
        self._parser = EventParser(settings, context, erased)
        self._erased = erased

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        ids: set[str] = set()
        summary = Summary()
        try:
            for rows, unreadable in read_batches(path, self._settings, self._parser.columns):
                parsed = self._parser.parse(rows, file, path)
                shown = map(withheld, unreadable) if self._erased else unreadable
                summary.add_rejects(LOGGED, [*shown, *parsed.rejects])
                items = parsed.batch.column(parsed.batch.schema.get_field_index(ITEM_ID))
                ids.update(items.unique().to_pylist())
        except InputError as error:
            summary.faults.add(str(error))
        yield TaggedOutput(SUMMARY_TAG, summary)
        by_bucket: defaultdict[int, list[str]] = defaultdict(list)
        for item_id in sorted(ids):
            by_bucket[bucket(item_id)].append(item_id)
        yield from by_bucket.items()
