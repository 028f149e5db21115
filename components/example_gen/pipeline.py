"""The composite transform: log files in; windows, events, users, rejects and counts out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam
import numpy as np

from components.example_gen.clean import CleanRules
from components.example_gen.read_log import (
    INTERACTIONS,
    REJECTS_TAG,
    SUMMARY_TAG,
    USERS,
    ReadLog,
    ReadUsers,
    read_files,
)
from components.example_gen.split import Boundaries, configured_boundaries, quantile_boundaries
from components.example_gen.summary import CombineSummaries
from components.example_gen.user_steps import CleanUser, CountTrainItems, MakeExamples
from schemas.events import MICROSECONDS_PER_SECOND
from schemas.features import EVENTS_SPLIT, USERS_SPLIT, WINDOW_SPLITS, feature_table
from schemas.settings import DataSettings


@dataclass(frozen=True)
class Inputs:
    """What is read.

    Attributes:
      log_files: The log's files, sorted.
      user_files: The users files, sorted; empty where there are none.
      now_s: Later events are refused as future ones, seconds since the epoch.
    """

    log_files: tuple[str, ...]
    user_files: tuple[str, ...]
    now_s: int


class MakeInteractionExamples(beam.PTransform):
    """Reads, cleans, splits and windows the log.

    Input: a PCollection of the catalogue's item ids, or a Pipeline where any item may occur.
    Output: a dict of PCollections: framed TFRecord bytes under `train`, `eval`, `test`, `events`
    and `users`, JSON lines under `rejects`, and the one `Summary` under `summary`.
    """

    def __init__(self, settings: DataSettings, inputs: Inputs):
        super().__init__()
        self._settings = settings
        self._inputs = inputs

    # Beam's own type hints know no dict of PCollections.
    @beam.typehints.no_annotations
    def expand(self, source: beam.Pipeline | beam.PCollection) -> dict[str, beam.PCollection]:
        settings, inputs = self._settings, self._inputs
        table = feature_table(settings)
        if isinstance(source, beam.PCollection):
            pipeline: beam.Pipeline = source.pipeline
            known_items = beam.pvalue.AsSingleton(source | "KnownItems" >> beam.combiners.ToSet())
        else:
            pipeline, known_items = source, None
        log = read_files(
            pipeline,
            "ReadLog",
            len(inputs.log_files),
            ReadLog(inputs.log_files, settings.interactions, table.context),
        )
        by_user, parts = {INTERACTIONS: log["rows"]}, [log]
        if settings.users is not None:
            reader = ReadUsers(inputs.user_files, settings.users, table.user)
            users = read_files(pipeline, "ReadUsers", len(inputs.user_files), reader)
            by_user[USERS] = users["rows"]
            parts.append(users)

        rules = CleanRules(
            settings.interactions.keep,
            settings.interactions.refuse,
            inputs.now_s * MICROSECONDS_PER_SECOND,
            inputs.log_files,
        )
        cleaned = (
            by_user
            | "GroupByUser" >> beam.CoGroupByKey()
            | "CleanUser"
            >> beam.ParDo(CleanUser(rules, inputs.user_files, table), known_items).with_outputs(
                USERS_SPLIT, REJECTS_TAG, SUMMARY_TAG, main="rows"
            )
        )
        parts.append(cleaned)
        timeline = beam.pvalue.AsSingleton(
            cleaned["rows"]
            | "Timestamps" >> beam.Map(lambda user: np.array([row[0] for row in user[1]]))
            | "Timeline" >> beam.CombineGlobally(Timeline(settings))
        )
        made = cleaned["rows"] | "MakeExamples" >> beam.ParDo(
            MakeExamples(settings, table, inputs.log_files),
            timeline,
            _train_item_counts(cleaned["rows"], settings, timeline),
        ).with_outputs(*WINDOW_SPLITS, EVENTS_SPLIT, REJECTS_TAG, SUMMARY_TAG)
        parts.append(made)
        outputs = {split: made[split] for split in (*WINDOW_SPLITS, EVENTS_SPLIT)}
        outputs[USERS_SPLIT] = cleaned[USERS_SPLIT]
        outputs[REJECTS_TAG] = [part[REJECTS_TAG] for part in parts] | "Rejects" >> beam.Flatten()
        outputs[SUMMARY_TAG] = (
            [part[SUMMARY_TAG] for part in parts]
            | "Summaries" >> beam.Flatten()
            | "Summary" >> beam.CombineGlobally(CombineSummaries())
        )
        return outputs


class Timeline(beam.CombineFn):
    """Arrays of timestamps → (number of events, boundaries of the splits).

    The quantiles are exact: all timestamps of the kept events meet in one worker, 8 bytes each.
    """

    def __init__(self, settings: DataSettings):
        self._settings = settings.split

    def create_accumulator(self) -> list[np.ndarray]:
        return []

    def add_input(self, accumulator: list[np.ndarray], element: np.ndarray) -> list[np.ndarray]:
        accumulator.append(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
        return [_joined(arrays) for arrays in accumulators]

    def compact(self, accumulator: list[np.ndarray]) -> list[np.ndarray]:
        return [_joined(accumulator)]

    def extract_output(self, accumulator: list[np.ndarray]) -> tuple[int, Boundaries | None]:
        times = _joined(accumulator)
        boundaries = configured_boundaries(self._settings)
        if boundaries is None and self._settings.policy == "temporal":
            boundaries = quantile_boundaries(
                times, self._settings.eval_fraction, self._settings.test_fraction
            )
        return len(times), boundaries


class SumCounts(beam.CombineFn):
    """Counters → their sum."""

    def create_accumulator(self) -> Counter[str]:
        return Counter()

    def add_input(self, accumulator: Counter[str], element: Counter[str]) -> Counter[str]:
        accumulator.update(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter[str]]) -> Counter[str]:
        total: Counter[str] = Counter()
        for counts in accumulators:
            total.update(counts)
        return total

    def extract_output(self, accumulator: Counter[str]) -> Counter[str]:
        return accumulator


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *arrays])


def _train_item_counts(
    rows: beam.PCollection, settings: DataSettings, timeline: beam.pvalue.AsSideInput
) -> beam.pvalue.AsSideInput | None:
    if settings.interactions.keep.min_item_events <= 1:
        return None
    return beam.pvalue.AsSingleton(
        rows
        | "CountTrainItems" >> beam.ParDo(CountTrainItems(settings), timeline)
        | "TrainItemCounts" >> beam.CombineGlobally(SumCounts())
    )
