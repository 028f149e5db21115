"""Counts of an ingestion: partial counts that merge in any order, on any Beam runner."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from components.records.erase import ErasedIds
from components.records.list_text import ListForms
from components.records.matches import Matches
from components.records.popularity_curve import popularity_curve
from components.records.rejects_json import to_dict
from components.records.text_looks import TextLooks
from components.records.time_ranges import TimeRanges
from schemas.events import Reject
from schemas.features import WINDOW_SPLITS
from schemas.privacy_settings import RejectsSettings

_MAX_FAULTS = 5


@dataclass
class SplitSummary:
    """Counts of one split.

    Attributes:
      events: Number of kept events.
      windows: Number of windows.
      targets: Number of targets in these windows.
      negatives: Number of kept events that are explicit negative feedback.
      first: Timestamp of the first kept event, seconds since the epoch, UTC.
      last: Timestamp of the last kept event, seconds since the epoch, UTC.
    """

    events: int = 0
    windows: int = 0
    targets: int = 0
    negatives: int = 0
    first: int | None = None
    last: int | None = None

    def add_times(self, times_s: npt.NDArray[np.int64]) -> None:
        """Adds kept events, given their times: [num_events] seconds since the epoch, UTC."""
        if len(times_s):
            self._widen(int(times_s.min()), int(times_s.max()))
            self.events += len(times_s)

    def merge(self, other: "SplitSummary") -> None:
        """Adds the counts of `other`."""
        self.events += other.events
        self.windows += other.windows
        self.targets += other.targets
        self.negatives += other.negatives
        if other.first is not None and other.last is not None:
            self._widen(other.first, other.last)

    def _widen(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


@dataclass
class Summary:
    """Counts of one ingestion, or of a part of it.

    Attributes:
      read: Number of records read, by source: `interactions`, `users`, `items` or `logged`.
      rejects: Number of rejected records, by source and reason.
      examples: The first rejected record of every source and reason, in order of file and line.
        Events rejected after parsing show their parsed fields.
      faults: Errors of files that could not be read. They fail the ingestion once the pipeline has
        finished.
      splits: Counts by split.
      users: Number of users with a kept event.
      items: Number of kept events by item id.
      users_by_events: Number of users by their number of kept events.
      period_s: The width of the periods of `events_by_period` in seconds; None without kept events.
      events_by_period: Number of kept events by split and start of a period, seconds since the
        epoch, UTC.
      rows: Number of candidates by kind (see `catalogue_gen.make_items`).
      list_forms: How the texts of each column of lists are written.
      times: The range of each column of times, by source and column.
      text_looks: How the texts of each column look.
      event_types: Number of events by stage and event type (see `example_gen.event_types`).
      shares: The division of the kept events into splits by fractions (see
        `example_gen.split_shares`); None if the splits are not divided by fractions.
      simultaneous: Numbers of events whose time another event of the user has (see
        `example_gen.simultaneous`).
      placeholder_ids: Numbers of events by field and id, for ids that are often written
        for a missing value (see `example_gen.placeholder_ids`).
      matches: Counts of the ids of the log that have a row.
      rejected_items: The last reject of each item whose rows were all rejected.
      logged_only: Ids of the candidates that have no row in the items files.
    """

    read: Counter[str] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], Reject] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)
    splits: dict[str, SplitSummary] = field(
        default_factory=lambda: {split: SplitSummary() for split in WINDOW_SPLITS}
    )
    users: int = 0
    items: Counter[str] = field(default_factory=Counter)
    users_by_events: Counter[int] = field(default_factory=Counter)
    period_s: int | None = None
    events_by_period: Counter[tuple[str, int]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    list_forms: ListForms = field(default_factory=ListForms)
    times: TimeRanges = field(default_factory=TimeRanges)
    text_looks: TextLooks = field(default_factory=TextLooks)
    event_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    shares: dict[str, Any] | None = None
    simultaneous: Counter[str] = field(default_factory=Counter)
    placeholder_ids: Counter[tuple[str, str]] = field(default_factory=Counter)
    matches: Matches = field(default_factory=Matches)
    rejected_items: dict[str, Reject] = field(default_factory=dict)
    logged_only: set[str] = field(default_factory=set)

    def add_rejects(self, source: str, rejects: Iterable[Reject]) -> None:
        """Counts rejects, and keeps the first one of each reason as an example."""
        for reject in rejects:
            key = (source, reject.reason.value)
            self.rejects[key] += 1
            first = self.examples.get(key)
            if first is None or (reject.file, reject.line) < (first.file, first.line):
                self.examples[key] = reject

    def merge(self, other: "Summary") -> None:
        """Adds the counts of `other`."""
        self.read += other.read
        self.rejects += other.rejects
        for key, example in other.examples.items():
            first = self.examples.setdefault(key, example)
            if (example.file, example.line) < (first.file, first.line):
                self.examples[key] = example
        self.faults = set(sorted(self.faults | other.faults)[:_MAX_FAULTS])
        for split, counts in other.splits.items():
            self.splits[split].merge(counts)
        self.users += other.users
        self.items.update(other.items)
        self.users_by_events += other.users_by_events
        self.period_s = self.period_s or other.period_s
        self.events_by_period += other.events_by_period
        self.rows += other.rows
        self.list_forms.merge(other.list_forms)
        self.times.merge(other.times)
        self.text_looks += other.text_looks
        self.event_types += other.event_types
        self.shares = self.shares or other.shares
        self.simultaneous += other.simultaneous
        self.placeholder_ids += other.placeholder_ids
        self.matches.merge(other.matches)
        self.rejected_items.update(other.rejected_items)
        self.logged_only |= other.logged_only

    def to_json(self, shown: RejectsSettings, erased: ErasedIds) -> str:
        """Returns the summary as JSON on one line.

        Items are reduced to their number and the distribution of the events over them.

        Args:
          shown: The settings that limit which content of examples is shown.
          erased: The ids that must not be shown.
        """
        return json.dumps(
            {
                "read": self.read,
                "rejects": [[*key, count] for key, count in sorted(self.rejects.items())],
                "examples": [
                    [*key, to_dict(reject, shown, erased)]
                    for key, reject in sorted(self.examples.items())
                ],
                "faults": sorted(self.faults),
                "splits": {split: vars(counts) for split, counts in self.splits.items()},
                "users": self.users,
                "items": len(self.items),
                "item_popularity": popularity_curve(self.items.values()),
                "users_by_events": sorted(self.users_by_events.items()),
                "period_s": self.period_s,
                "events_by_period": [
                    [*key, count] for key, count in sorted(self.events_by_period.items())
                ],
                "rows": self.rows,
                "list_forms": self.list_forms.to_rows(),
                "times": self.times.to_rows(),
                "text_looks": [[*key, count] for key, count in sorted(self.text_looks.items())],
                "event_types": [[*key, count] for key, count in sorted(self.event_types.items())],
                "shares": self.shares,
                "simultaneous": self.simultaneous,
                "placeholder_ids": [
                    [*key, count] for key, count in sorted(self.placeholder_ids.items())
                ],
                "matches": self.matches.to_json(shown, erased),
                "rejected_items": {
                    item: to_dict(reject, shown, erased)
                    for item, reject in sorted(self.rejected_items.items())
                },
                "logged_only": sorted(self.logged_only),
            }
        )


class CombineSummaries(beam.CombineFn):
    """Merges partial summaries into one."""

    def create_accumulator(self) -> Summary:
        """Returns an empty summary."""
        return Summary()

    def add_input(self, accumulator: Summary, element: Summary) -> Summary:
        """Merges a summary into the accumulator."""
        accumulator.merge(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Summary]) -> Summary:
        """Merges accumulators into one."""
        merged = Summary()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: Summary) -> Summary:
        """Returns the merged summary."""
        return accumulator
