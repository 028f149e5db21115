"""Beam steps that process a partition, which has all events of its users."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.example_gen.clean import CleanRules, clean
from components.example_gen.combiners import CleanedPartition, TimeStatistics
from components.example_gen.event_examples import EventExamples, user_examples
from components.example_gen.event_table import events_schema
from components.example_gen.event_types import (
    LOG_STAGE,
    configured_event_types,
    count_event_types,
)
from components.example_gen.id_matches import count_items, count_users
from components.example_gen.minimum_counts import below_minimum_counts
from components.example_gen.partitioned_reader import INTERACTIONS, USERS
from components.example_gen.placeholder_ids import count_placeholders
from components.example_gen.rejected_events import to_rejects
from components.example_gen.sample import sampled_events
from components.example_gen.simultaneous import count_simultaneous
from components.example_gen.sorted_events import SortedEvents, sort_events
from components.example_gen.split import (
    Cuts,
    cuts_of_kept_events,
    event_negative_flags,
    split_masks,
    target_flags,
    user_cuts,
)
from components.example_gen.user_rows import latest_user_rows, user_features
from components.example_gen.windows import make_windows
from components.examples.tfrecord import frame
from components.records.arrow_rows import from_bytes, read_stream, to_bytes
from components.records.item_notes import ItemNotes
from components.records.matches import Matches
from components.records.side_outputs import SUMMARY_TAG, rejects_and_counts
from components.records.summary import Summary
from schemas.events import Reject
from schemas.features import EVENTS_SPLIT, ITEM_ID, USER_ID, USERS_SPLIT, FeatureTable
from schemas.settings import DataSettings

_REJECTS_PER_OUTPUT = 10_000


class CleanPartition(beam.DoFn):
    """Rejects events of a partition, and keeps the last row of each user.

    Input: (partition, {interactions: events, users: rows of the users file}), both as Arrow IPC
    streams. Output: `CleanedPartition`; tagged examples of users, rejects and counts.
    """

    def __init__(
        self,
        rules: CleanRules,
        user_files: tuple[str, ...],
        table: FeatureTable,
        counts_types: bool = False,
        has_users: bool = False,
    ):
        self._rules = rules
        self._user_files = user_files
        self._table = table
        self._counts_types = counts_types
        self._has_users = has_users

    def process(
        self,
        element: tuple[int, dict[str, Iterable[bytes]]],
        known_items: pa.StringArray | None,
        notes: ItemNotes | None = None,
    ) -> Iterator[Any]:
        """Processes a partition.

        Args:
          element: The partition.
          known_items: The ids of the catalogue; None to accept all items.
          notes: The notes of the catalogue; None if the items of the log are the catalogue.

        Yields:
          The cleaned partition, and tagged outputs.
        """
        _, grouped = element
        users, replaced = latest_user_rows(
            grouped.get(USERS, ()), self._table.user, self._user_files
        )
        yield from _reject_outputs(USERS, replaced)
        for rows in user_examples(users, self._table.user):
            yield beam.pvalue.TaggedOutput(USERS_SPLIT, (USERS_SPLIT, frame(rows)))
        schema = events_schema(self._table.context)
        events = sort_events(from_bytes(grouped[INTERACTIONS], schema))
        if self._counts_types:
            counts = count_event_types(events, LOG_STAGE)
            yield beam.pvalue.TaggedOutput(SUMMARY_TAG, Summary(event_types=counts))
        placeholders = count_placeholders(events)
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, Summary(placeholder_ids=placeholders))
        matches = Matches()
        if self._has_users:
            matches.merge(count_users(events, users.column(USER_ID).combine_chunks()))
        if notes is not None:
            matches.merge(count_items(events, known_items, notes))
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, Summary(matches=matches))
        rejected_items = {} if notes is None else notes.rejected
        is_kept, rejected = clean(events, self._rules, known_items, rejected_items)
        yield from _reject_outputs(INTERACTIONS, to_rejects(events, rejected, self._rules.files))
        kept = events.where(is_kept)
        if len(kept):
            simultaneous = count_simultaneous(kept)
            yield beam.pvalue.TaggedOutput(SUMMARY_TAG, Summary(simultaneous=simultaneous))
            features = user_features(kept.user_ids, users, self._table.user)
            yield kept.to_bytes(), to_bytes(features)


class CountTrainItems(beam.DoFn):
    """Counts the train events per item: `CleanedPartition` → Counter of item ids."""

    def __init__(self, settings: DataSettings):
        self._settings = settings

    def process(
        self, element: CleanedPartition, statistics: TimeStatistics
    ) -> Iterator[Counter[str]]:
        """Yields the counts of a partition."""
        events = SortedEvents.from_bytes(element[0])
        cuts = user_cuts(events, self._settings, statistics.boundaries)
        is_train = np.arange(len(events)) < cuts.eval[events.user]
        codes, counts = np.unique(events.codes(ITEM_ID)[is_train], return_counts=True)
        items = events.texts(ITEM_ID).take(pa.array(codes)).to_pylist()
        yield Counter(dict(zip(items, counts.tolist(), strict=True)))


class MakeExamples(beam.DoFn):
    """Applies the minimum counts, and makes the examples of a partition.

    Input: `CleanedPartition`. Output: (split, framed TFRecords); tagged rejects and counts.
    """

    def __init__(self, settings: DataSettings, table: FeatureTable, files: tuple[str, ...]):
        self._settings = settings
        self._table = table
        self._files = files
        self._counts_types = bool(configured_event_types(settings))

    def process(
        self,
        element: CleanedPartition,
        statistics: TimeStatistics,
        train_item_counts: Counter[str] | None,
    ) -> Iterator[Any]:
        """Processes a partition.

        Args:
          element: The cleaned partition.
          statistics: The boundaries of the splits, and the number of all kept events.
          train_item_counts: Number of train events by item; None if items have no minimum.

        Yields:
          Examples by split, and tagged outputs.
        """
        events = SortedEvents.from_bytes(element[0])
        cuts = user_cuts(events, self._settings, statistics.boundaries)
        keep = self._settings.interactions.keep
        is_kept, rejected = below_minimum_counts(events, cuts, keep, train_item_counts)
        yield from _reject_outputs(INTERACTIONS, to_rejects(events, rejected, self._files))
        kept = events.where(is_kept)
        if len(kept):
            users = user_features(kept.user_ids, read_stream(element[1]), self._table.user)
            kept_cuts = cuts_of_kept_events(cuts, events, is_kept)
            yield from self._examples(kept, kept_cuts, users, statistics.num_events)

    def _examples(
        self, events: SortedEvents, cuts: Cuts, users: pa.Table, num_events: int
    ) -> Iterator[Any]:
        is_target = target_flags(events, self._settings)
        is_negative = event_negative_flags(events, self._settings)
        encoder = EventExamples(events, is_target, users, self._table)
        summary = Summary(users=len(events.user_ids))
        summary.items.update(events.present_texts(ITEM_ID).to_numpy(False))
        windows = make_windows(events.starts, is_target, cuts, self._settings.history.max_length)
        for split, is_in_split in split_masks(events, cuts).items():
            counts = summary.splits[split]
            counts.add_times(events.time_s[is_in_split])
            counts.windows, counts.targets = len(windows[split]), windows[split].num_targets
            counts.negatives = int(np.count_nonzero(is_negative & is_in_split))
            if self._counts_types:
                summary.event_types += count_event_types(events, split, is_in_split)
        for split, split_windows in windows.items():
            for chunk in encoder.windows(split_windows):
                yield split, frame(chunk)
        for chunk in encoder.single_events(sampled_events(events, num_events)):
            yield EVENTS_SPLIT, frame(chunk)
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)


def _reject_outputs(source: str, rejects: Iterable[Reject]) -> Iterator[beam.pvalue.TaggedOutput]:
    """Yields tagged rejects and counts in chunks, which bounds the size of an output."""
    remaining = iter(rejects)
    while chunk := list(islice(remaining, _REJECTS_PER_OUTPUT)):
        yield from rejects_and_counts(source, chunk)
