"""The composite transform: item files, and the log where it adds items; examples out."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam

from components.catalogue_gen.item_examples import item_example
from components.catalogue_gen.parse import ItemParser, missing_values
from components.example_gen.parse import EventParser
from components.example_gen.read_log import REJECTS_TAG, SUMMARY_TAG, outputs, read_files
from components.example_gen.readers import read_records
from components.example_gen.summary import CombineSummaries, Summary
from components.example_gen.tfrecord import frame
from schemas.data_settings import InteractionsSettings, ItemsSettings
from schemas.errors import InputError
from schemas.events import Reject, RejectReason
from schemas.features import (
    CATALOGUE_SPLIT,
    MISSING_INTEGER,
    Feature,
    feature_table,
)
from schemas.settings import DataSettings

ITEMS = "items"
LOGGED = "logged"

_RECORDS_PER_CHUNK = 50_000


class ReadItems(beam.DoFn):
    """File index → (item_id, (file, line, available_at, values, raw)); rejects and counts."""

    def __init__(
        self, files: tuple[str, ...], settings: ItemsSettings, features: tuple[Feature, ...]
    ):
        self._files = files
        self._settings = settings
        self._features = features

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        parser = ItemParser(self._settings, self._features)
        rejects: list[Reject] = []
        faults: set[str] = set()
        read = 0
        try:
            for record in read_records(path, self._settings, parser.columns):
                read += 1
                if isinstance(record, Reject):
                    rejects.append(record)
                elif isinstance(item := parser.parse(record, path), Reject):
                    rejects.append(item)
                else:
                    row = (file, record.line, item.available_at, item.values, record.text())
                    yield item.item_id, row
                if read == _RECORDS_PER_CHUNK:
                    yield from outputs(ITEMS, rejects, read)
                    rejects, read = [], 0
        except InputError as error:
            faults.add(str(error))
        yield from outputs(ITEMS, rejects, read, faults)


class ReadLoggedItems(beam.DoFn):
    """File index → (item_id, None), for every item of a readable event, once a chunk.

    Refused records are counted under `logged` only to explain a log without any item:
    InteractionExampleGen reads the same log, and reports them.
    """

    def __init__(self, files: tuple[str, ...], settings: InteractionsSettings):
        self._files = files
        self._settings = settings

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        parser = EventParser(self._settings, ())
        ids: set[str] = set()
        summary = Summary()
        try:
            for record in read_records(path, self._settings, parser.columns):
                parsed = record if isinstance(record, Reject) else parser.parse(record, file, path)
                if isinstance(parsed, Reject):
                    summary.add_rejects(LOGGED, [parsed])
                else:
                    ids.add(parsed.item_id)
        except InputError as error:
            summary.faults.add(str(error))
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)
        for item_id in sorted(ids):
            yield item_id, None


class MakeItem(beam.DoFn):
    """(item_id, {items, logged}) → its framed example.

    Of several rows with one id the last one (by file name, then line) counts; the earlier ones
    are refused as duplicates.
    """

    def __init__(self, files: tuple[str, ...], features: tuple[Feature, ...]):
        self._files = files
        self._features = features

    def process(self, element: tuple[str, dict[str, Iterable[Any]]]) -> Iterator[Any]:
        item_id, grouped = element
        rows = sorted(grouped.get(ITEMS, ()), key=lambda row: row[:2])
        summary = Summary()
        if rows:
            *replaced, (_, _, available_at, values, _) = rows
            yield from outputs(ITEMS, self._duplicates(item_id, replaced, rows[-1]))
            summary.rows[ITEMS] = 1
        else:
            available_at, values = MISSING_INTEGER, missing_values(self._features)
            summary.rows[LOGGED] = 1
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)
        yield frame([item_example(item_id, available_at, values, self._features)])

    def _duplicates(self, item_id: str, rows: list[tuple], last: tuple) -> list[Reject]:
        kept = f"{self._files[last[0]]}, line {last[1]}"
        detail = f"item {item_id} has a later row, which is kept: {kept}"
        return [
            Reject(self._files[file], line, RejectReason.DUPLICATE, detail, raw)
            for file, line, _, _, raw in rows
        ]


class MakeCatalogueExamples(beam.PTransform):
    """Reads the catalogue, and the logged items where the settings take them in.

    Input: a Pipeline. Output: a dict of PCollections: framed TFRecord bytes under `catalogue`,
    JSON lines under `rejects`, the one `Summary` under `summary`.
    """

    def __init__(
        self, settings: DataSettings, item_files: tuple[str, ...], log_files: tuple[str, ...]
    ):
        """Both are sorted; `item_files` is empty without a catalogue, `log_files` where logged
        items are not taken in."""
        super().__init__()
        self._settings = settings
        self._item_files = item_files
        self._log_files = log_files

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection]:
        features = feature_table(self._settings).item
        by_item, parts = {}, []
        if self._settings.items is not None:
            reader = ReadItems(self._item_files, self._settings.items, features)
            items = read_files(pipeline, "ReadItems", len(self._item_files), reader)
            by_item[ITEMS] = items["rows"]
            parts.append(items)
        if self._log_files:
            logged_reader = ReadLoggedItems(self._log_files, self._settings.interactions)
            logged = read_files(pipeline, "ReadLoggedItems", len(self._log_files), logged_reader)
            by_item[LOGGED] = logged["rows"]
            parts.append(logged)
        made = (
            by_item
            | "GroupByItem" >> beam.CoGroupByKey()
            | "MakeItem"
            >> beam.ParDo(MakeItem(self._item_files, features)).with_outputs(
                REJECTS_TAG, SUMMARY_TAG, main="rows"
            )
        )
        parts.append(made)
        return {
            CATALOGUE_SPLIT: made["rows"],
            REJECTS_TAG: [part[REJECTS_TAG] for part in parts] | "Rejects" >> beam.Flatten(),
            SUMMARY_TAG: [part[SUMMARY_TAG] for part in parts]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries()),
        }
