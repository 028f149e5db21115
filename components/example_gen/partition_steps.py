"""Beam steps that see all events of some users: cleaning, then splits, windows and examples."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.example_gen.clean import CleanRules, clean
from components.example_gen.event_examples import EventExamples, user_examples
from components.example_gen.event_table import events_schema
from components.example_gen.minimum_counts import below_minimum_counts
from components.example_gen.read_log import INTERACTIONS, USERS
from components.example_gen.rejections import to_rejects
from components.example_gen.sample import sampled_events
from components.example_gen.sorted_events import SortedEvents, sort_events
from components.example_gen.split import (
    Boundaries,
    Cuts,
    cuts_among,
    split_masks,
    target_flags,
    user_cuts,
)
from components.example_gen.user_rows import latest_rows, values_of
from components.example_gen.windows import make_windows
from components.examples.tfrecord import frame
from components.records.arrow_rows import from_bytes, read_stream, to_bytes
from components.records.side_outputs import SUMMARY_TAG, outputs
from components.records.summary import Summary
from schemas.events import Reject
from schemas.features import EVENTS_SPLIT, ITEM_ID, USERS_SPLIT, FeatureTable
from schemas.settings import DataSettings

_REJECTS_PER_OUTPUT = 10_000

# Of a partition: its kept events, and a row of feature values for each of their users.
Cleaned = tuple[bytes, bytes]


class CleanPartition(beam.DoFn):
    """(partition, {events, users}) → Cleaned; users' examples, rejects and counts."""

    def __init__(
        self,
        rules: CleanRules,
        user_files: tuple[str, ...],
        table: FeatureTable,
    ):
        self._rules = rules
        self._user_files = user_files
        self._table = table

    def process(
        self,
        element: tuple[int, dict[str, Iterable[bytes]]],
        known_items: pa.StringArray | None,
    ) -> Iterator[Any]:
        _, grouped = element
        users, replaced = latest_rows(grouped.get(USERS, ()), self._table.user, self._user_files)
        yield from _rejected(USERS, replaced)
        for rows in user_examples(users, self._table.user):
            yield beam.pvalue.TaggedOutput(USERS_SPLIT, (USERS_SPLIT, frame(rows)))
        schema = events_schema(self._table.context)
        events = sort_events(from_bytes(grouped[INTERACTIONS], schema))
        is_kept, rejections = clean(events, self._rules, known_items)
        yield from _rejected(INTERACTIONS, to_rejects(events, rejections, self._rules.files))
        kept = events.where(is_kept)
        if len(kept):
            values = values_of(kept.user_ids, users, self._table.user)
            yield kept.to_bytes(), to_bytes(values)


class CountTrainItems(beam.DoFn):
    """Cleaned → the number of train events per item."""

    def __init__(self, settings: DataSettings):
        self._settings = settings

    def process(
        self, element: Cleaned, timeline: tuple[int, Boundaries | None]
    ) -> Iterator[Counter[str]]:
        events = SortedEvents.from_bytes(element[0])
        cuts = user_cuts(events, self._settings, timeline[1])
        is_train = np.arange(len(events)) < cuts.eval[events.user]
        texts = events.texts(ITEM_ID)
        trained, counts = np.unique(events.codes(ITEM_ID)[is_train], return_counts=True)
        yield Counter(
            dict(zip(texts.take(pa.array(trained)).to_pylist(), counts.tolist(), strict=True))
        )


class MakeExamples(beam.DoFn):
    """Cleaned → (split, framed examples); rejects by the minimum counts."""

    def __init__(self, settings: DataSettings, table: FeatureTable, files: tuple[str, ...]):
        self._settings = settings
        self._table = table
        self._files = files

    def process(
        self,
        element: Cleaned,
        timeline: tuple[int, Boundaries | None],
        train_item_counts: Counter[str] | None,
    ) -> Iterator[Any]:
        num_events, boundaries = timeline
        events = SortedEvents.from_bytes(element[0])
        cuts = user_cuts(events, self._settings, boundaries)
        keep = self._settings.interactions.keep
        is_kept, rejections = below_minimum_counts(events, cuts, keep, train_item_counts)
        yield from _rejected(INTERACTIONS, to_rejects(events, rejections, self._files))
        kept = events.where(is_kept)
        if len(kept):
            users = values_of(kept.user_ids, read_stream(element[1]), self._table.user)
            yield from self._examples(kept, cuts_among(cuts, events, is_kept), users, num_events)

    def _examples(
        self, events: SortedEvents, cuts: Cuts, users: pa.Table, num_events: int
    ) -> Iterator[Any]:
        is_target = target_flags(events, self._settings)
        make = EventExamples(events, is_target, users, self._table)
        summary = Summary(users=len(events.user_ids))
        summary.items.update(events.present_texts(ITEM_ID).to_numpy(False))
        windows = make_windows(events.starts, is_target, cuts, self._settings.history.max_length)
        for split, is_in_split in split_masks(events, cuts).items():
            counts = summary.splits[split]
            counts.add_times(events.time_s[is_in_split])
            counts.windows, counts.targets = len(windows[split]), windows[split].num_targets
        for split, of_split in windows.items():
            for chunk in make.windows(of_split):
                yield split, frame(chunk)
        for chunk in make.single(sampled_events(events, num_events)):
            yield EVENTS_SPLIT, frame(chunk)
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)


def _rejected(source: str, rejects: Iterable[Reject]) -> Iterator[beam.pvalue.TaggedOutput]:
    """Rejects and their counts, some thousands at a time."""
    remaining = iter(rejects)
    while some := list(islice(remaining, _REJECTS_PER_OUTPUT)):
        yield from outputs(source, some)
