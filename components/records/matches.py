"""Counts of the users and items of the log that have a row in the users file or the catalogue."""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any

from components.records.erase import ErasedIds
from schemas.privacy_settings import RejectsSettings

# What is matched, by the source that has the rows.
USERS = "users"
ITEMS = "items"
# Whether an id of the log has a row, a row that was rejected, or none.
FOUND = "found"
REJECTED = "rejected"
UNMATCHED = "unmatched"

# Number of unmatched ids that are kept to find out why they are not matched.
SAMPLE_SIZE = 1000


@dataclass
class Matches:
    """Counts of ids and events of the log by whether their id has a row.

    Attributes:
      events: Number of valid events by source of the row and outcome.
      users: Number of users with a valid event by outcome. Each user is counted in one partition.
      items: Ids of items with a valid event by outcome, since several partitions have them.
      unmatched_users: A sample of unmatched ids, which is the same on every runner.
    """

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    items: dict[str, set[str]] = field(default_factory=dict)
    unmatched_users: set[str] = field(default_factory=set)

    def merge(self, other: "Matches") -> None:
        """Adds the counts of `other`."""
        self.events += other.events
        self.users += other.users
        for outcome, ids in other.items.items():
            self.items.setdefault(outcome, set()).update(ids)
        self.unmatched_users = sample(self.unmatched_users | other.unmatched_users)

    def to_json(self, shown: RejectsSettings, erased: ErasedIds) -> dict[str, Any]:
        """Returns the counts and samples as JSON values, by source of the rows.

        Args:
          shown: The settings that limit which content is shown; without content, no id is.
          erased: The ids that must not be shown.
        """
        ids = {
            USERS: self.users,
            ITEMS: {outcome: len(items) for outcome, items in self.items.items()},
        }
        unmatched = {USERS: self.unmatched_users, ITEMS: sample(self.items.get(UNMATCHED, set()))}
        return {
            source: {
                "ids": dict(ids[source]),
                "events": {
                    outcome: count
                    for (name, outcome), count in self.events.items()
                    if name == source
                },
                "sample": [
                    text
                    for text in sorted(unmatched[source])
                    if shown.raw and not (erased and erased.occurs_in(text))
                ],
            }
            for source in (USERS, ITEMS)
            if ids[source]
        }


def sample(ids: set[str]) -> set[str]:
    """Returns at most SAMPLE_SIZE of the ids, chosen by a hash."""
    if len(ids) <= SAMPLE_SIZE:
        return ids
    return set(nsmallest(SAMPLE_SIZE, ids, key=lambda text: (zlib.crc32(text.encode()), text)))
