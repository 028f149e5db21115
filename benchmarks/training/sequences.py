"""Logs of item sequences for the programs of this benchmark; needs NumPy alone.

The last item of every user is held out. All programs train on the others.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

# Of a user's events, this share continues the previous item; the others follow the popularity.
_CONTINUED = 0.5
_CONTINUATIONS = 5
_FEWEST_EVENTS = 20


@dataclass(frozen=True)
class SequenceLog:
    """The items of all users, one user after the other, each in order of time.

    Attributes:
      items: [num_events] int64 rows of items, from 0.
      lengths: [num_users] int64 numbers of events, at least 2.
      num_items: The number of items.
    """

    items: Integers
    lengths: Integers
    num_items: int

    @property
    def ends(self) -> Integers:
        """[num_users] int64: the position of each user's held-out event."""
        return np.cumsum(self.lengths) - 1

    @property
    def starts(self) -> Integers:
        """[num_users] int64: the position of each user's first event."""
        return np.cumsum(self.lengths) - self.lengths

    def save(self, path: Path) -> None:
        """Writes the log to a file of NumPy arrays."""
        np.savez(path, items=self.items, lengths=self.lengths, num_items=self.num_items)


def load(path: Path) -> SequenceLog:
    """Returns a log that `SequenceLog.save` wrote."""
    with np.load(path) as arrays:
        return SequenceLog(arrays["items"], arrays["lengths"], int(arrays["num_items"]))


def read_pairs(path: Path) -> SequenceLog:
    """Reads a file of `user item` lines, in order of time; users with one event are left out.

    Raises:
      ValueError: A line does not consist of two integers.
    """
    items_by_user: dict[int, list[int]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            words = line.split()
            if len(words) != 2 or not all(word.isdecimal() for word in words):
                raise ValueError(
                    f"{path}, line {number}: expected `user item`, two integers, got {line!r}"
                )
            items_by_user[int(words[0])].append(int(words[1]))
    sequences = [items for items in items_by_user.values() if len(items) > 1]
    flat = np.array([item for items in sequences for item in items], np.int64)
    ids, rows = np.unique(flat, return_inverse=True)
    lengths = np.array([len(items) for items in sequences], np.int64)
    return SequenceLog(rows.astype(np.int64), lengths, len(ids))


def generate(num_users: int, num_items: int, mean_events: int, seed: int = 17) -> SequenceLog:
    """Generates a log with the sizes of MovieLens-1M by default.

    The popularity of items follows Zipf's law, and the lengths of users a log-normal distribution.
    Half of the events are one of the five items that continue the previous one. No user has an item
    twice.
    """
    generator = np.random.default_rng(seed)
    weights = 1.0 / np.arange(10, num_items + 10)
    weights /= weights.sum()
    followers = generator.choice(num_items, (num_items, _CONTINUATIONS), p=weights)
    lengths = generator.lognormal(0.0, 1.0, num_users)
    lengths = lengths * (mean_events - _FEWEST_EVENTS) / lengths.mean() + _FEWEST_EVENTS
    lengths = np.minimum(lengths.astype(np.int64), num_items // 3)
    users = []
    for length in lengths:
        popular = generator.choice(num_items, 2 * length, p=weights)
        continued = generator.random(2 * length) < _CONTINUED
        choice = generator.integers(_CONTINUATIONS, size=2 * length)
        sequence: dict[int, None] = {}
        item = int(popular[0])
        for index in range(2 * length):
            follower = int(followers[item, choice[index]])
            item = follower if continued[index] else int(popular[index])
            sequence[item] = None
            if len(sequence) == length:
                break
        users.append(np.fromiter(sequence, np.int64))
    return SequenceLog(np.concatenate(users), np.array([len(user) for user in users]), num_items)
