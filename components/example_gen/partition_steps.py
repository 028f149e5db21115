"""Beam steps that process a partition, which has all events of its users."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen import log_profile
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
from components.example_gen.user_cap import CappedEvents, cap_user_events, newest_of_items
from components.example_gen.user_rows import latest_user_rows, user_features
from components.example_gen.windows import make_windows, windows_of_past
from components.examples.tfrecord import frame
from components.records.arrow_rows import from_bytes, read_stream, to_bytes
from components.records.item_notes import ItemNotes
from components.records.matches import Matches
from components.records.side_outputs import SUMMARY_TAG, rejects_and_counts
from components.records.summary import Summary
from schemas.events import Reject
from schemas.features import (
    EVENTS_SPLIT,
    ITEM_ID,
    PAST_SPLIT,
    TRAIN_SPLIT,
    USER_ID,
    USERS_SPLIT,
    FeatureTable,
)
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
    """Counts the train events per item, without those over the cap of a user.

    Input: `CleanedPartition`. Output: Counter of item ids.
    """

    def __init__(self, settings: DataSettings):
        self._settings = settings

    def process(
        self, element: CleanedPartition, statistics: TimeStatistics
    ) -> Iterator[Counter[str]]:
        """Yields the counts of a partition."""
        events = SortedEvents.from_bytes(element[0])
        cuts = user_cuts(events, self._settings, statistics.boundaries)
        maximum = self._settings.interactions.keep.max_user_events
        is_counted = cap_user_events(events, cuts, maximum).is_kept
        is_counted &= split_masks(events, cuts)[TRAIN_SPLIT]
        codes, counts = np.unique(events.codes(ITEM_ID)[is_counted], return_counts=True)
        items = events.texts(ITEM_ID).take(pa.array(codes)).to_pylist()
        yield Counter(dict(zip(items, counts.tolist(), strict=True)))


class MakeExamples(beam.DoFn):
    """Applies the rules that depend on the splits, and makes the examples of a partition.

    Input: `CleanedPartition`. Output: (split, framed TFRecords); tagged rejects and counts.
    """

    def __init__(self, settings: DataSettings, table: FeatureTable, files: tuple[str, ...]):
        self._settings = settings
        self._table = table
        self._files = files
        self._counts_types = bool(configured_event_types(settings))
        lengths = (settings.history.max_length, settings.interactions.keep.max_user_events)
        self._max_history = min(length for length in lengths if length is not None)

    def process(
        self,
        element: CleanedPartition,
        statistics: TimeStatistics,
        train_item_counts: Counter[str] | None,
    ) -> Iterator[Any]:
        """Processes a partition.

        Args:
          element: The cleaned partition.
          statistics: The boundaries of the splits, and the number of all cleaned events.
          train_item_counts: Number of train events by item; None if items have no minimum.

        Yields:
          Examples by split, and tagged outputs.
        """
        every = SortedEvents.from_bytes(element[0])
        every_cuts = user_cuts(every, self._settings, statistics.boundaries)
        keep = self._settings.interactions.keep
        capped = cap_user_events(every, every_cuts, keep.max_user_events)
        over_cap = [] if capped.rejected is None else [capped.rejected]
        yield from _reject_outputs(INTERACTIONS, to_rejects(every, over_cap, self._files))
        events = every.where(capped.is_kept)
        cuts = cuts_of_kept_events(every_cuts, every, capped.is_kept)
        is_left, rejected = below_minimum_counts(events, cuts, keep, train_item_counts)
        yield from _reject_outputs(INTERACTIONS, to_rejects(events, rejected, self._files))
        kept = events.where(is_left)
        if not len(kept):
            return
        users = read_stream(element[1])
        is_history_only = capped.is_history_only[capped.is_kept][is_left]
        kept_cuts = cuts_of_kept_events(cuts, events, is_left)
        yield from self._examples(kept, kept_cuts, is_history_only, users, statistics)
        yield from self._remembered(every, every_cuts, capped, kept.user_ids, users)

    def _examples(
        self,
        events: SortedEvents,
        cuts: Cuts,
        is_history_only: npt.NDArray[np.bool_],
        users: pa.Table,
        statistics: TimeStatistics,
    ) -> Iterator[Any]:
        is_target = target_flags(events, self._settings) & ~is_history_only
        is_negative = event_negative_flags(events, self._settings)
        features = user_features(events.user_ids, users, self._table.user)
        encoder = EventExamples(events, is_target, features, self._table)
        splits = split_masks(events, cuts)
        summary = Summary(
            users=len(events.user_ids),
            items=log_profile.count_items(events),
            users_by_events=log_profile.count_users(events),
            period_s=statistics.period_s,
            events_by_period=log_profile.count_periods(events, splits, statistics.period_s),
        )
        windows = make_windows(events.starts, is_target, cuts, self._max_history)
        for split, is_in_split in splits.items():
            counts = summary.splits[split]
            counts.add_times(events.time_s[is_in_split])
            counts.windows, counts.targets = len(windows[split]), windows[split].num_targets
            counts.negatives = int(np.count_nonzero(is_negative & is_in_split))
            if self._counts_types:
                summary.event_types += count_event_types(events, split, is_in_split)
        for split, split_windows in windows.items():
            for chunk in encoder.windows(split_windows):
                yield split, frame(chunk)
        for chunk in encoder.single_events(sampled_events(events, statistics.num_events)):
            yield EVENTS_SPLIT, frame(chunk)
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)

    def _remembered(
        self,
        every: SortedEvents,
        cuts: Cuts,
        capped: CappedEvents,
        kept_users: pa.StringArray,
        users: pa.Table,
    ) -> Iterator[tuple[str, bytes]]:
        """Yields the newest event over the cap of each item, for what a user has seen."""
        has_kept = pc.is_in(every.user_ids, value_set=kept_users).to_numpy(zero_copy_only=False)
        events = every.where(newest_of_items(every, cuts, ~capped.is_kept & has_kept[every.user]))
        if not len(events):
            return
        features = user_features(events.user_ids, users, self._table.user)
        encoder = EventExamples(events, np.zeros(len(events), bool), features, self._table)
        for chunk in encoder.windows(windows_of_past(events.starts, self._max_history)):
            yield PAST_SPLIT, frame(chunk)


def _reject_outputs(source: str, rejects: Iterable[Reject]) -> Iterator[Any]:
    """Yields tagged rejects and counts in chunks, which bounds the size of an output."""
    remaining = iter(rejects)
    while chunk := list(islice(remaining, _REJECTS_PER_OUTPUT)):
        yield from rejects_and_counts(source, chunk)
