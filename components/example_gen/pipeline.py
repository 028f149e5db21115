"""The composite Beam transform from files of the log to windows, events, users and rejects."""

from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.example_gen.clean import CleanRules
from components.example_gen.combiners import (
    ComputeTimeStatistics,
    SumCounts,
    TimeStatistics,
    event_times_us,
)
from components.example_gen.event_parser import EventParser, UserParser
from components.example_gen.event_types import configured_event_types
from components.example_gen.partition_steps import (
    CleanPartition,
    CountTrainItems,
    MakeExamples,
)
from components.example_gen.partitioned_reader import INTERACTIONS, USERS, PartitionedReader
from components.example_gen.split import instant_us
from components.id_normalisation import IdNormaliser
from components.records.erase import ErasedIds
from components.records.item_notes import read_notes
from components.records.original_records import LookUpOriginalRecords
from components.records.read_source import ReadSource
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary import CombineSummaries, Summary
from schemas.data_settings import UsersSettings
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import USERS_SPLIT, feature_table
from schemas.settings import DataSettings

CHUNKS = "chunks"
EARLIEST_KEY = "interactions.reject.earliest"


@dataclass(frozen=True)
class Inputs:
    """The inputs of an ingestion, as found at its start.

    Attributes:
      log_files: The sorted files of the log, or `QUERY_FILE`.
      user_files: The sorted users files, or `QUERY_FILE`; empty without users.
      now_s: Later events are rejected, seconds since the epoch, UTC.
      num_partitions: Number of partitions of events by user. Each is processed in memory.
      erased: The users and items to erase.
      catalogue_uri: The Examples of the catalogue; None if the items of the log are the catalogue.
    """

    log_files: tuple[str, ...]
    user_files: tuple[str, ...]
    now_s: int
    num_partitions: int
    erased: ErasedIds
    catalogue_uri: str | None = None


class MakeInteractionExamples(
    beam.PTransform[beam.Pipeline | beam.PCollection[str], dict[str, Any]]
):
    """Reads, cleans, splits and windows the log.

    Input: a PCollection of the catalogue's item ids, or a Pipeline if all items are accepted.
    Output: a dict with
      chunks: A tuple of PCollections of (split, framed TFRecords) for the stored splits of windows,
        `events` and `users`.
      rejects: A PCollection of rejects (`reject_table.serialize_rejects`).
      summary: A PCollection of one `Summary`.
    """

    def __init__(self, settings: DataSettings, inputs: Inputs):
        super().__init__()
        self._settings = settings
        self._inputs = inputs
        self._table = feature_table(settings)

    # Beam's type hints do not support a dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, source: beam.Pipeline | beam.PCollection[str]) -> dict[str, Any]:
        """Applies the transform."""
        settings, inputs, table = self._settings, self._inputs, self._table
        if isinstance(source, beam.PCollection):
            pipeline: beam.Pipeline = source.pipeline
            known_items = _as_array(source)
        else:
            pipeline, known_items = source, None
        read = {INTERACTIONS: self._read_log(pipeline)}
        if settings.users is not None:
            read[USERS] = self._read_users(pipeline, settings.users)
        cleaned = (
            {name: outputs["rows"] for name, outputs in read.items()}
            | "GroupByPartition" >> beam.CoGroupByKey()
            | "CleanPartition"
            >> beam.ParDo(
                CleanPartition(
                    self._rules(),
                    inputs.user_files,
                    table,
                    counts_types=bool(configured_event_types(settings)),
                    has_users=settings.users is not None,
                ),
                known_items,
                self._notes(pipeline),
            ).with_outputs(USERS_SPLIT, REJECTS_TAG, SUMMARY_TAG, main="events")
        )
        time_statistics = (
            cleaned["events"]
            | "EventTimes" >> beam.Map(event_times_us)
            | "TimeStatistics" >> beam.CombineGlobally(ComputeTimeStatistics(settings))
        )
        statistics = beam.pvalue.AsSingleton(time_statistics)
        examples = cleaned["events"] | "MakeExamples" >> beam.ParDo(
            MakeExamples(settings, table, inputs.log_files),
            statistics,
            _train_item_counts(cleaned["events"], settings, statistics),
        ).with_outputs(REJECTS_TAG, SUMMARY_TAG, main=CHUNKS)
        parts = [*read.values(), cleaned, examples]
        return {
            CHUNKS: (examples[CHUNKS], cleaned[USERS_SPLIT]),
            REJECTS_TAG: self._rejects(tuple(part[REJECTS_TAG] for part in parts)),
            SUMMARY_TAG: [
                *(part[SUMMARY_TAG] for part in parts),
                time_statistics | "SplitShares" >> beam.FlatMap(_shares_summaries),
            ]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries()),
        }

    def _read_log(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection[Any]]:
        settings, inputs = self._settings.interactions, self._inputs
        parser = self._event_parser()
        reader = PartitionedReader(
            INTERACTIONS, inputs.log_files, settings, parser, inputs.num_partitions
        )
        return pipeline | "ReadLog" >> ReadSource(reader)

    def _notes(self, pipeline: beam.Pipeline) -> beam.pvalue.AsSideInput | None:
        uri = self._inputs.catalogue_uri
        if uri is None:
            return None
        return beam.pvalue.AsSingleton(
            pipeline | "Catalogue" >> beam.Create([uri]) | "ItemNotes" >> beam.Map(read_notes)
        )

    def _event_parser(self) -> EventParser:
        return EventParser(
            self._settings.interactions,
            self._table.context,
            self._inputs.erased,
            IdNormaliser(self._settings.ids),
        )

    def _rejects(self, parts: tuple[beam.PCollection[Any], ...]) -> beam.PCollection[Any]:
        """Returns the rejects of all steps, with original records if these are shown."""
        log, shown = self._settings.interactions, self._settings.rejects
        if not shown.raw or log.query is not None:
            return parts | "Rejects" >> beam.Flatten()
        columns = self._event_parser().columns
        return parts | "Rejects" >> LookUpOriginalRecords(log, columns, shown.max_raw_characters)

    def _read_users(
        self, pipeline: beam.Pipeline, settings: UsersSettings
    ) -> dict[str, beam.PCollection[Any]]:
        inputs = self._inputs
        normalise = IdNormaliser(self._settings.ids)
        parser = UserParser(settings, self._table.user, inputs.erased, normalise)
        reader = PartitionedReader(
            USERS, inputs.user_files, settings, parser, inputs.num_partitions
        )
        return pipeline | "ReadUsers" >> ReadSource(reader)

    def _rules(self) -> CleanRules:
        interactions = self._settings.interactions
        earliest = interactions.reject.earliest
        return CleanRules(
            keep=interactions.keep,
            # The order of rows is not a time that can be in the future.
            reject=replace(interactions.reject, future=False)
            if interactions.has_row_order
            else interactions.reject,
            now_us=self._inputs.now_s * MICROSECONDS_PER_SECOND,
            earliest_us=None if earliest is None else instant_us(EARLIEST_KEY, earliest),
            files=self._inputs.log_files,
        )


def _as_array(item_ids: beam.PCollection[str]) -> beam.pvalue.AsSideInput:
    return beam.pvalue.AsSingleton(
        item_ids
        | "KnownItems" >> beam.combiners.ToList()
        | "KnownItemsArray" >> beam.Map(lambda known: pa.array(known, pa.string()))
    )


def _shares_summaries(statistics: TimeStatistics) -> list[Summary]:
    return [] if statistics.shares is None else [statistics.shares.to_summary()]


def _train_item_counts(
    events: beam.PCollection[Any], settings: DataSettings, statistics: beam.pvalue.AsSideInput
) -> beam.pvalue.AsSideInput | None:
    """Returns the number of train events by item; None if items have no minimum."""
    if settings.interactions.keep.min_item_events <= 1:
        return None
    return beam.pvalue.AsSingleton(
        events
        | "CountTrainItems" >> beam.ParDo(CountTrainItems(settings), statistics)
        | "TrainItemCounts" >> beam.CombineGlobally(SumCounts())
    )
