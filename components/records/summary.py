"""What an ingestion counted: partial counts that merge in any order, on any runner."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import apache_beam as beam
import numpy as np

from components.records.erase import ErasedIds
from components.records.rejects import to_dict
from schemas.data_settings import RejectsSettings
from schemas.events import Reject
from schemas.features import WINDOW_SPLITS

_MAX_FAULTS = 5


@dataclass
class SplitSummary:
    """Counts of one split, and its first and last kept event in seconds UTC."""

    events: int = 0
    windows: int = 0
    targets: int = 0
    first: int | None = None
    last: int | None = None

    def add_times(self, times_s: np.ndarray) -> None:
        """Counts kept events by their times, [n] int64 seconds UTC in any order."""
        if len(times_s):
            self._widen(int(times_s.min()), int(times_s.max()))
            self.events += len(times_s)

    def merge(self, other: "SplitSummary") -> None:
        """Adds the counts of `other`."""
        self.events += other.events
        self.windows += other.windows
        self.targets += other.targets
        if other.first is not None and other.last is not None:
            self._widen(other.first, other.last)

    def _widen(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


@dataclass
class Summary:
    """Counts of one ingestion, or of a part of it.

    Attributes:
      read: Records read, by source: `interactions`, `users` or `items`.
      rejects: Rejected records, by source and reason.
      examples: The earliest rejected record of every source and reason, as its step counted it:
        of an event that was rejected after parsing, the parsed fields.
      faults: Why a file could not be read: fatal, told after the pipeline has ended.
      splits: Counts by split.
      users: Users with a kept event.
      items: Ids of items with a kept event.
      rows: Examples written by source, where a source becomes examples one to one.
    """

    read: Counter[str] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], Reject] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)
    splits: dict[str, SplitSummary] = field(
        default_factory=lambda: {split: SplitSummary() for split in WINDOW_SPLITS}
    )
    users: int = 0
    items: set[str] = field(default_factory=set)
    rows: Counter[str] = field(default_factory=Counter)

    def add_rejects(self, source: str, rejects: Iterable[Reject]) -> None:
        """Counts rejections, and remembers the earliest of each reason."""
        for reject in rejects:
            key = (source, reject.reason.value)
            self.rejects[key] += 1
            known = self.examples.get(key)
            if known is None or (reject.file, reject.line) < (known.file, known.line):
                self.examples[key] = reject

    def rejects_of(self, source: str) -> dict[str, int]:
        """Counts by reason of one source."""
        return {reason: n for (of, reason), n in sorted(self.rejects.items()) if of == source}

    def merge(self, other: "Summary") -> None:
        """Adds the counts of `other`."""
        self.read += other.read
        self.rejects += other.rejects
        for key, example in other.examples.items():
            known = self.examples.setdefault(key, example)
            if (example.file, example.line) < (known.file, known.line):
                self.examples[key] = example
        self.faults = set(sorted(self.faults | other.faults)[:_MAX_FAULTS])
        for split, counts in other.splits.items():
            self.splits[split].merge(counts)
        self.users += other.users
        self.items |= other.items
        self.rows += other.rows

    def to_json(self, shown: RejectsSettings, erased: ErasedIds) -> str:
        """One line of JSON; of the items only their number, of the examples what may be shown."""
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
                "rows": self.rows,
            }
        )


class CombineSummaries(beam.CombineFn):
    """Merges partial summaries into one."""

    def create_accumulator(self) -> Summary:
        return Summary()

    def add_input(self, accumulator: Summary, element: Summary) -> Summary:
        accumulator.merge(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Summary]) -> Summary:
        merged = Summary()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: Summary) -> Summary:
        return accumulator
