"""The users of a run and their newest events, as the windows of the run contain them."""

import bisect
import math
import threading
from typing import Any

import numpy as np

from components.examples.read import RawWindows, read_raw_windows
from components.examples.shards import split_files
from pipeline.run_examples import newest_examples
from schemas import features as f
from schemas.errors import InputError
from schemas.steps import INTERACTION_EXAMPLE_GEN

# A user's newest window is in the first of these splits that contains one.
_SPLITS = (f.TEST_SPLIT, f.EVAL_SPLIT, f.TRAIN_SPLIT, f.PAST_SPLIT)
Event = dict[str, Any]


class UserHistories:
    """The newest window of each user.

    The splits are read one after the other, when a user is not in those before. Methods may be
    called in any thread.
    """

    def __init__(self, windows_uri: str | None, table: f.FeatureTable) -> None:
        """Reads the latest split that contains a window.

        Args:
          windows_uri: URI of the `windows` artifact; None for no users.
          table: The features of the run.
        """
        self._uri = windows_uri
        self._table = table
        self._unread = [] if windows_uri is None else list(_SPLITS)
        self._read: list[_Users] = []
        self._reading = threading.Lock()
        while self._unread and not self._read:
            self._read_next()

    def sample(self, limit: int) -> list[str]:
        """Returns evenly spaced users of the latest split, in the order of their ids."""
        ids = self._read[0].ids if self._read else []
        positions = np.unique(np.linspace(0, len(ids) - 1, min(limit, len(ids))).astype(int))
        return [ids[position] for position in positions]

    def search(self, prefix: str, limit: int) -> list[str]:
        """Returns users whose id begins with a text, of the splits that were read."""
        found: list[str] = []
        for users in self._read:
            start = bisect.bisect_left(users.ids, prefix)
            for user in users.ids[start : start + limit]:
                if user.startswith(prefix) and user not in found:
                    found.append(user)
        return sorted(found)[:limit]

    def history(self, user: str) -> list[Event] | None:
        """Returns the events in the newest window of a user, oldest first; None without one.

        An event is a mapping from `item_id`, `timestamp` (seconds since the epoch, UTC),
        `event_type`, `value` and context features to JSON values; missing values are left out.
        """
        with self._reading:
            while not any(user in users.rows for users in self._read) and self._unread:
                self._read_next()
        newest = next((users for users in self._read if user in users.rows), None)
        return None if newest is None else newest.events(user)

    def _read_next(self) -> None:
        split = self._unread.pop(0)
        try:
            split_files(self._uri or "", split)
        except InputError:
            return
        windows = read_raw_windows(self._uri or "", split, self._table)
        if len(windows):
            self._read.append(_Users(windows))


class _Users:
    """The last window of each user of a split.

    Attributes:
      rows: The window of each user.
      ids: The users, sorted.
    """

    def __init__(self, windows: RawWindows) -> None:
        """Finds the windows; that of a user with the latest end is the newest."""
        by_end = np.argsort(windows.timestamp[windows.offsets[1:] - 1], kind="stable")
        self.rows = {windows.user_id[row].decode("utf-8", "replace"): int(row) for row in by_end}
        self.ids = sorted(self.rows)
        self._windows = windows
        self._columns: dict[str, Any] = {
            f.ITEM_ID: windows.item_id,
            f.TIMESTAMP: windows.timestamp,
            f.EVENT_TYPE: windows.event_type,
            f.VALUE: windows.value,
            **windows.context,
        }

    def events(self, user: str) -> list[Event]:
        """Returns the events of a user's window, oldest first."""
        row = self.rows[user]
        start, end = self._windows.offsets[row], self._windows.offsets[row + 1]
        return [
            {
                name: value
                for name, values in self._columns.items()
                if (value := _json_value(values[position])) is not None
            }
            for position in range(start, end)
        ]


def _json_value(value: Any) -> str | int | float | None:
    """Returns a value of an event; None if it is missing."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") or None
    if isinstance(value, np.integer):
        return None if value == f.MISSING_INTEGER else int(value)
    return None if math.isnan(value) else float(value)


def read_user_histories(pipeline_root: str, table: f.FeatureTable) -> UserHistories:
    """Returns the users of the newest complete windows of a run; none if it has no windows.

    Args:
      pipeline_root: Folder of the artifacts of the run.
      table: The features of the run.
    """
    uri = newest_examples(pipeline_root, INTERACTION_EXAMPLE_GEN, "windows", f.TRAIN_SPLIT)
    return UserHistories(uri, table)
