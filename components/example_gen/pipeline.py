"""The composite transform: log files in; windows, events, users, rejects and counts out."""

from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from components.example_gen.across_partitions import SumCounts, Timeline, times_us
from components.example_gen.clean import CleanRules
from components.example_gen.event_parser import EventParser, UserParser
from components.example_gen.partition_steps import (
    CleanPartition,
    CountTrainItems,
    MakeExamples,
)
from components.example_gen.read_log import INTERACTIONS, USERS, RowReader
from components.example_gen.split import instant_us
from components.records.erase import ErasedIds
from components.records.original_records import LookUpOriginals
from components.records.read_source import ReadSource
from components.records.side_outputs import REJECTS_TAG, SUMMARY_TAG
from components.records.summary import CombineSummaries
from schemas.data_settings import UsersSettings
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import USERS_SPLIT, feature_table
from schemas.settings import DataSettings

CHUNKS = "chunks"
EARLIEST_KEY = "interactions.reject.earliest"


@dataclass(frozen=True)
class Inputs:
    """What is read.

    Attributes:
      log_files: The log's files, sorted; what stands for a query.
      user_files: The same of the users; empty where there are none.
      now_s: Later events are future ones, seconds since the epoch.
      num_partitions: Into how many parts events are cut by user: each is cleaned and encoded as a
        whole, in memory.
      erased: Whose records are dropped without a trace.
    """

    log_files: tuple[str, ...]
    user_files: tuple[str, ...]
    now_s: int
    num_partitions: int
    erased: ErasedIds


class MakeInteractionExamples(beam.PTransform):
    """Reads, cleans, splits and windows the log.

    Input: a PCollection of the catalogue's item ids, or a Pipeline where any item may occur.
    Output: a dict: under `chunks` PCollections of (split, framed TFRecord bytes) for the splits
    `train`, `eval`, `test`, `events` and `users`, under `rejects` rejections (`reject_table.pack`),
    under `summary` the one `Summary`.
    """

    def __init__(self, settings: DataSettings, inputs: Inputs):
        super().__init__()
        self._settings = settings
        self._inputs = inputs
        self._table = feature_table(settings)

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, source: beam.Pipeline | beam.PCollection) -> dict[str, Any]:
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
            {name: of["rows"] for name, of in read.items()}
            | "GroupByPartition" >> beam.CoGroupByKey()
            | "CleanPartition"
            >> beam.ParDo(
                CleanPartition(self._rules(), inputs.user_files, table), known_items
            ).with_outputs(USERS_SPLIT, REJECTS_TAG, SUMMARY_TAG, main="events")
        )
        timeline = beam.pvalue.AsSingleton(
            cleaned["events"]
            | "Timestamps" >> beam.Map(times_us)
            | "Timeline" >> beam.CombineGlobally(Timeline(settings))
        )
        made = cleaned["events"] | "MakeExamples" >> beam.ParDo(
            MakeExamples(settings, table, inputs.log_files),
            timeline,
            _train_item_counts(cleaned["events"], settings, timeline),
        ).with_outputs(REJECTS_TAG, SUMMARY_TAG, main=CHUNKS)
        parts = [*read.values(), cleaned, made]
        return {
            CHUNKS: (made[CHUNKS], cleaned[USERS_SPLIT]),
            REJECTS_TAG: self._rejects(tuple(part[REJECTS_TAG] for part in parts)),
            SUMMARY_TAG: [part[SUMMARY_TAG] for part in parts]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries()),
        }

    def _read_log(self, pipeline: beam.Pipeline) -> dict[str, beam.PCollection]:
        settings, inputs = self._settings.interactions, self._inputs
        parser = self._event_parser()
        reader = RowReader(INTERACTIONS, inputs.log_files, settings, parser, inputs.num_partitions)
        return pipeline | "ReadLog" >> ReadSource(reader)

    def _event_parser(self) -> EventParser:
        return EventParser(self._settings.interactions, self._table.context, self._inputs.erased)

    def _rejects(self, of_steps: tuple[beam.PCollection, ...]) -> beam.PCollection:
        """All rejections, with their records where those are shown and stand in files."""
        log, shown = self._settings.interactions, self._settings.rejects
        if not shown.raw or log.query is not None:
            return of_steps | "Rejects" >> beam.Flatten()
        columns = self._event_parser().columns
        return of_steps | "Rejects" >> LookUpOriginals(log, columns, shown.max_raw_characters)

    def _read_users(
        self, pipeline: beam.Pipeline, settings: UsersSettings
    ) -> dict[str, beam.PCollection]:
        inputs = self._inputs
        parser = UserParser(settings, self._table.user, inputs.erased)
        reader = RowReader(USERS, inputs.user_files, settings, parser, inputs.num_partitions)
        return pipeline | "ReadUsers" >> ReadSource(reader)

    def _rules(self) -> CleanRules:
        interactions = self._settings.interactions
        earliest = interactions.reject.earliest
        return CleanRules(
            keep=interactions.keep,
            reject=interactions.reject,
            now_us=self._inputs.now_s * MICROSECONDS_PER_SECOND,
            earliest_us=None if earliest is None else instant_us(EARLIEST_KEY, earliest),
            files=self._inputs.log_files,
        )


def _as_array(ids: beam.PCollection) -> beam.pvalue.AsSideInput:
    return beam.pvalue.AsSingleton(
        ids
        | "KnownItems" >> beam.combiners.ToList()
        | "KnownItemsArray" >> beam.Map(lambda known: pa.array(known, pa.string()))
    )


def _train_item_counts(
    events: beam.PCollection, settings: DataSettings, timeline: beam.pvalue.AsSideInput
) -> beam.pvalue.AsSideInput | None:
    if settings.interactions.keep.min_item_events <= 1:
        return None
    return beam.pvalue.AsSingleton(
        events
        | "CountTrainItems" >> beam.ParDo(CountTrainItems(settings), timeline)
        | "TrainItemCounts" >> beam.CombineGlobally(SumCounts())
    )
