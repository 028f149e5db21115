"""The composite Beam transform from items files and the log to examples of candidates."""

from typing import Any

import apache_beam as beam

from components.catalogue_gen.item_parser import ItemParser
from components.catalogue_gen.item_reader import ItemReader
from components.catalogue_gen.logged_item_reader import LoggedItemReader
from components.catalogue_gen.make_items import ITEMS, LOGGED, MakeItems
from components.example_gen.event_parser import EventParser
from components.id_normalisation import IdNormaliser
from components.records.erase import ErasedIds
from components.records.read_source import ReadSource
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary import CombineSummaries
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.settings import DataSettings


class MakeCatalogueExamples(beam.PTransform[beam.Pipeline, dict[str, beam.PCollection[Any]]]):
    """Reads the catalogue, and the log if it affects the candidates.

    Input: a Pipeline. Output: a dict of PCollections:
      catalogue: (split, framed TFRecords).
      rejects: Rejects (`reject_table.serialize_rejects`).
      summary: One `Summary`.
    """

    def __init__(
        self,
        settings: DataSettings,
        item_files: tuple[str, ...],
        log_files: tuple[str, ...],
        erased: ErasedIds,
    ):
        """Constructs the transform.

        Args:
          settings: The settings of the log and the catalogue.
          item_files: The sorted items files, or `QUERY_FILE`; empty without a catalogue.
          log_files: The sorted files of the log, or `QUERY_FILE`; empty if it is not read.
          erased: The users and items to erase.
        """
        super().__init__()
        self._settings = settings
        self._item_files = item_files
        self._log_files = log_files
        self._erased = erased

    # Beam's type hints do not support a dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection[Any]]:
        """Applies the transform."""
        table = feature_table(self._settings)
        normalise = IdNormaliser(self._settings.ids)
        parts = {}
        if (items := self._settings.items) is not None:
            parser = ItemParser(items, table.item, self._erased, normalise)
            reader = ItemReader(self._item_files, items, parser)
            parts[ITEMS] = pipeline | "ReadItems" >> ReadSource(reader)
        if self._log_files:
            log = self._settings.interactions
            event_parser = EventParser(log, table.context, self._erased, normalise)
            logged_reader = LoggedItemReader(self._log_files, log, event_parser)
            parts[LOGGED] = pipeline | "ReadLogged" >> ReadSource(logged_reader)
        make_items = beam.ParDo(MakeItems(self._settings, self._item_files))
        examples = (
            {name: part["rows"] for name, part in parts.items()}
            | "GroupByBucket" >> beam.CoGroupByKey()
            | "MakeItems" >> make_items.with_outputs(REJECTS_TAG, SUMMARY_TAG, main="rows")
        )
        steps = [*parts.values(), examples]
        return {
            CATALOGUE_SPLIT: examples["rows"],
            REJECTS_TAG: [step[REJECTS_TAG] for step in steps] | "Rejects" >> beam.Flatten(),
            SUMMARY_TAG: [step[SUMMARY_TAG] for step in steps]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries()),
        }
