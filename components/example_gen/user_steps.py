"""Beam steps that see one user at a time: cleaning, then splits, windows and examples."""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any

import apache_beam as beam

from components.example_gen.clean import CleanRules, clean_user
from components.example_gen.minimum_counts import apply_minimum_counts
from components.example_gen.read_log import INTERACTIONS, SUMMARY_TAG, USERS, outputs
from components.example_gen.split import Boundaries, Cuts, leave_one_out_cuts, temporal_cuts
from components.example_gen.summary import Summary
from components.example_gen.tfrecord import frame
from components.example_gen.user_examples import UserEvents, missing_values, user_example
from components.example_gen.windows import user_windows
from schemas.events import InteractionEvent, Reject, RejectReason
from schemas.features import EVENTS_SPLIT, USERS_SPLIT, WINDOW_SPLITS, FeatureTable
from schemas.settings import DataSettings

EVENTS_FOR_STATISTICS = 1_000_000
_RECORDS_PER_WRITE = 256

# (user_id, events without user_id in log order, values of the user features)
UserRows = tuple[str, list[tuple], tuple[str | float, ...]]


class CleanUser(beam.DoFn):
    """(user_id, {events, users}) → UserRows of the kept events; users' examples, rejects."""

    def __init__(self, rules: CleanRules, user_files: tuple[str, ...], table: FeatureTable):
        self._rules = rules
        self._user_files = user_files
        self._table = table

    def process(
        self,
        element: tuple[str, dict[str, Iterable[list[tuple]]]],
        known_items: Collection[str] | None,
    ) -> Iterator[Any]:
        user_id, grouped = element
        values = missing_values(self._table.user)
        rows = sorted(chain.from_iterable(grouped.get(USERS, ())), key=lambda row: row[:2])
        if rows:
            values = rows[-1][2]
            record = user_example(user_id, self._table, values)
            yield beam.pvalue.TaggedOutput(USERS_SPLIT, frame([record]))
            yield from outputs(USERS, self._replaced(user_id, rows))
        events = sorted(
            InteractionEvent(user_id, *row) for row in chain.from_iterable(grouped[INTERACTIONS])
        )
        kept, rejects = clean_user(events, self._rules, known_items)
        yield from outputs(INTERACTIONS, rejects)
        if kept:
            yield user_id, [tuple(event[1:]) for event in kept], values

    def _replaced(self, user_id: str, rows: list[tuple]) -> list[Reject]:
        """Of several rows of one user the last one counts."""
        last = f"{self._user_files[rows[-1][0]]}, line {rows[-1][1]}"
        return [
            Reject(
                self._user_files[file],
                line,
                RejectReason.DUPLICATE,
                f"user {user_id} has a later row, which is kept: {last}",
                raw,
            )
            for file, line, _, raw in rows[:-1]
        ]


def user_cuts(
    events: list[InteractionEvent], settings: DataSettings, boundaries: Boundaries | None
) -> Cuts:
    """Where eval and test begin among one user's sorted events."""
    if settings.split.policy == "leave_one_out":
        return leave_one_out_cuts(target_flags(events, settings))
    if boundaries is None:
        return Cuts(len(events), len(events))
    return temporal_cuts([event.timestamp_us for event in events], boundaries)


def target_flags(events: list[InteractionEvent], settings: DataSettings) -> list[bool]:
    """Which events are targets: all, or those of the configured types."""
    types = settings.targets.event_types
    return [types is None or event.event_type in types for event in events]


class CountTrainItems(beam.DoFn):
    """UserRows → the number of train events per item."""

    def __init__(self, settings: DataSettings):
        self._settings = settings

    def process(
        self, element: UserRows, timeline: tuple[int, Boundaries | None]
    ) -> Iterator[Counter[str]]:
        user_id, rows, _ = element
        events = [InteractionEvent(user_id, *row) for row in rows]
        cuts = user_cuts(events, self._settings, timeline[1])
        yield Counter(event.item_id for event in events[: cuts.eval])


class MakeExamples(beam.DoFn):
    """UserRows → framed examples, tagged by split; rejects by the minimum counts."""

    def __init__(self, settings: DataSettings, table: FeatureTable, files: tuple[str, ...]):
        self._settings = settings
        self._table = table
        self._files = files

    def process(
        self,
        element: UserRows,
        timeline: tuple[int, Boundaries | None],
        train_item_counts: Counter[str] | None,
    ) -> Iterator[Any]:
        user_id, rows, user_values = element
        num_events, boundaries = timeline
        events = [InteractionEvent(user_id, *row) for row in rows]
        cuts = user_cuts(events, self._settings, boundaries)
        events, cuts, rejects = apply_minimum_counts(
            events, cuts, self._settings.interactions.keep, train_item_counts, self._files
        )
        yield from outputs(INTERACTIONS, rejects)
        if not events:
            return
        encoded = UserEvents(user_id, events, user_values, self._table)
        summary = Summary(users=1, items={event.item_id for event in events})
        yield from self._windows(events, cuts, encoded, summary)
        sampled = (
            encoded.event(position)
            for position, event in enumerate(events)
            if _is_sampled(event, num_events)
        )
        yield from _framed(EVENTS_SPLIT, sampled)
        yield beam.pvalue.TaggedOutput(SUMMARY_TAG, summary)

    def _windows(
        self, events: list[InteractionEvent], cuts: Cuts, encoded: UserEvents, summary: Summary
    ) -> Iterator[beam.pvalue.TaggedOutput]:
        flags = target_flags(events, self._settings)
        times = [event.timestamp for event in events]
        slices = ((0, cuts.eval), (cuts.eval, cuts.test), (cuts.test, len(events)))
        for split, (begin, end) in zip(WINDOW_SPLITS, slices, strict=True):
            summary.splits[split].add_times(times[begin:end])
        records: dict[str, list[bytes]] = {split: [] for split in WINDOW_SPLITS}
        for window in user_windows(flags, cuts, self._settings.history.max_length):
            counts = summary.splits[window.split]
            counts.windows += 1
            counts.targets += len(window.targets)
            pending = records[window.split]
            pending.append(encoded.window(window))
            if len(pending) == _RECORDS_PER_WRITE:
                yield from _framed(window.split, pending)
                pending.clear()
        for split, pending in records.items():
            yield from _framed(split, pending)


def _is_sampled(event: InteractionEvent, num_events: int) -> bool:
    """Whether an event belongs to the sample for statistics: decided by its own hash."""
    if num_events <= EVENTS_FOR_STATISTICS:
        return True
    key = f"{event.user_id}\x00{event.item_id}\x00{event.timestamp_us}".encode()
    return zlib.crc32(key) * num_events < EVENTS_FOR_STATISTICS << 32


def _framed(split: str, records: Iterable[bytes]) -> Iterator[beam.pvalue.TaggedOutput]:
    chunk = frame(records)
    if chunk:
        yield beam.pvalue.TaggedOutput(split, chunk)
