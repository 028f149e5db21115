"""The composite transform: item files, and the log where it decides on items; examples out."""

import apache_beam as beam

from components.catalogue_gen.make_items import ITEMS, LOGGED, MakeItems
from components.catalogue_gen.parse import ItemParser
from components.catalogue_gen.read_items import ItemReader
from components.catalogue_gen.read_logged import LoggedItemReader
from components.example_gen.event_parser import EventParser
from components.records.erase import ErasedIds
from components.records.read_source import ReadSource
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary import CombineSummaries
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.settings import DataSettings


class MakeCatalogueExamples(beam.PTransform):
    """Reads the catalogue, and the logged items where they decide which items are candidates.

    Input: a Pipeline. Output: a dict of PCollections: framed TFRecord bytes under `catalogue`,
    JSON lines under `rejects`, the one `Summary` under `summary`.
    """

    def __init__(
        self,
        settings: DataSettings,
        item_files: tuple[str, ...],
        log_files: tuple[str, ...],
        erased: ErasedIds,
    ):
        """Both are sorted; `item_files` is empty without a catalogue, `log_files` where the log
        decides on no item.
        """
        super().__init__()
        self._settings = settings
        self._item_files = item_files
        self._log_files = log_files
        self._erased = erased

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection]:
        table = feature_table(self._settings)
        parts = {}
        if (items := self._settings.items) is not None:
            parser = ItemParser(items, table.item, self._erased)
            reader = ItemReader(self._item_files, items, parser)
            parts[ITEMS] = pipeline | "ReadItems" >> ReadSource(reader)
        if self._log_files:
            log = self._settings.interactions
            events = EventParser(log, table.context, self._erased)
            logged = LoggedItemReader(self._log_files, log, events)
            parts[LOGGED] = pipeline | "ReadLogged" >> ReadSource(logged)
        make = beam.ParDo(MakeItems(self._settings, self._item_files))
        made = (
            {name: part["rows"] for name, part in parts.items()}
            | "GroupByBucket" >> beam.CoGroupByKey()
            | "MakeItems" >> make.with_outputs(REJECTS_TAG, SUMMARY_TAG, main="rows")
        )
        steps = [*parts.values(), made]
        return {
            CATALOGUE_SPLIT: made["rows"],
            REJECTS_TAG: [step[REJECTS_TAG] for step in steps] | "Rejects" >> beam.Flatten(),
            SUMMARY_TAG: [step[SUMMARY_TAG] for step in steps]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries()),
        }
