"""Events of a split as integer columns: users as codes, items as rows of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from components.examples.read import RawWindows
from components.negative_events import negative_flags
from schemas.errors import InputError
from schemas.target_settings import NegativeSettings

NO_ITEM = -1


@dataclass(frozen=True)
class EventColumns:
    """The events of a split's windows; window w has the events offsets[w]:offsets[w + 1].

    Attributes:
      user: [num_events] int64, user codes, the same in all splits.
      item: [num_events] int64, rows of the catalogue.
      timestamp: [num_events] int64, seconds since the epoch, UTC.
      is_target: [num_events] bool.
      offsets: [num_windows + 1] int64.
      is_negative: [num_events] bool, explicit negative feedback; None if no event is.
    """

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]
    is_target: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    is_negative: npt.NDArray[np.bool_] | None = None

    def without_negatives(self) -> "EventColumns":
        """The events that are not negative feedback. No target is lost."""
        if self.is_negative is None:
            return self
        return replace(self.select(~self.is_negative), is_negative=None)

    def with_merged_runs(self) -> "EventColumns":
        """The first event of each run: of consecutive events of one item in one window."""
        is_first = np.arange(len(self.item)) == self.window_start
        is_first[1:] |= self.item[1:] != self.item[:-1]
        return self.select(is_first)

    def select(self, is_kept: npt.NDArray[np.bool_]) -> "EventColumns":
        """The events for which `is_kept` ([num_events] bool) is true, in the same windows."""
        num_kept_before = np.concatenate([[0], np.cumsum(is_kept)])
        return EventColumns(
            user=self.user[is_kept],
            item=self.item[is_kept],
            timestamp=self.timestamp[is_kept],
            is_target=self.is_target[is_kept],
            offsets=num_kept_before[self.offsets],
            is_negative=None if self.is_negative is None else self.is_negative[is_kept],
        )

    @property
    def window_start(self) -> npt.NDArray[np.int64]:
        """[num_events] int64, the first event of each event's window."""
        return np.repeat(self.offsets[:-1], np.diff(self.offsets))


def index_events(
    splits: Mapping[str, RawWindows],
    item_ids: npt.NDArray[np.object_],
    negative: NegativeSettings | None = None,
) -> dict[str, EventColumns]:
    """Maps the users of all splits to codes, and their items to rows of the catalogue.

    User codes follow the sorted user ids, so they do not depend on the order of the files.

    Args:
      splits: Raw windows of each split.
      item_ids: [num_items] bytes, the unique item ids of the catalogue.
      negative: Which events are explicit negative feedback; None if none are.

    Raises:
      InputError: The item of an event is not in the catalogue.
    """
    users = np.concatenate([windows.user_id for windows in splits.values()])
    codes, _ = pd.factorize(users, sort=True)
    ends = np.cumsum([len(windows) for windows in splits.values()])
    catalogue = pd.Index(item_ids)
    columns = {}
    for (split, windows), window_codes in zip(
        splits.items(), np.split(codes, ends[:-1]), strict=True
    ):
        columns[split] = EventColumns(
            user=np.repeat(window_codes, np.diff(windows.offsets)).astype(np.int64),
            item=_catalogue_rows(windows.item_id, catalogue, split),
            timestamp=windows.timestamp,
            is_target=windows.is_target,
            offsets=windows.offsets,
            is_negative=_negative_flags(windows, negative),
        )
    return columns


def _negative_flags(
    windows: RawWindows, negative: NegativeSettings | None
) -> npt.NDArray[np.bool_] | None:
    if negative is None:
        return None
    return negative_flags(negative, pa.array(windows.event_type, pa.binary()), windows.value)


def recent_items(
    events: EventColumns, positions: npt.NDArray[np.int64], width: int, merge_runs: bool = False
) -> npt.NDArray[np.int64]:
    """Returns the items of the last `width` events before each position in its window.

    Explicit negative feedback is left out, and so are the items whose last event is such feedback:
    a baseline takes the items of a history for items that the user likes.

    Args:
      events: Events of a split.
      positions: [num_positions] int64, indices into the events.
      width: Number of events to return for each position.
      merge_runs: Whether consecutive events of one item are returned as one event, as the query
        tower reads them.

    Returns:
      [num_positions, width] int64, rows of the catalogue, newest first; NO_ITEM after the last of
      them.
    """
    window = np.searchsorted(events.offsets, positions, side="right") - 1
    index = positions[:, None] - 1 - np.arange(width)
    is_event = index >= events.offsets[window][:, None]
    index = np.maximum(index, 0)
    item = np.where(is_event, events.item[index], NO_ITEM)
    if events.is_negative is not None:
        item = _liked_items(item, is_event & events.is_negative[index])
    return _merged_runs(item) if merge_runs else item


def _liked_items(
    item: npt.NDArray[np.int64], is_negative: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Removes negative feedback and the items that it excludes from histories, newest first."""
    row = np.arange(len(item))[:, None] * (item.max(initial=NO_ITEM) + 2)
    # The first occurrence of an item in its history is its last event.
    _, last_event, same_item = np.unique(row + item + 1, return_index=True, return_inverse=True)
    is_disliked = is_negative.ravel()[last_event][same_item].reshape(item.shape)
    return _compacted(item, ~is_negative & ~is_disliked)


def _merged_runs(item: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Merges consecutive events of one item in histories, newest first."""
    is_new = np.ones(item.shape, bool)
    is_new[:, 1:] = item[:, 1:] != item[:, :-1]
    return _compacted(item, is_new)


def _compacted(
    item: npt.NDArray[np.int64], is_kept: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Moves the kept items of each row to its start; NO_ITEM follows."""
    row, column = np.nonzero(is_kept & (item != NO_ITEM))
    compacted = np.full_like(item, NO_ITEM)
    compacted[row, np.arange(len(row)) - np.searchsorted(row, row)] = item[row, column]
    return compacted


def _catalogue_rows(
    item_ids: npt.NDArray[np.object_], catalogue: pd.Index, split: str
) -> npt.NDArray[np.int64]:
    if not len(item_ids):
        return np.empty(0, np.int64)
    rows = catalogue.get_indexer(pd.Index(item_ids)).astype(np.int64)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        example = item_ids[unknown[0]].decode("utf-8", "replace")
        raise InputError(
            f"{len(unknown)} events of the {split} split have items that are not in the catalogue, "
            f"for example {example!r}: the windows and the catalogue come from different runs; "
            "ingest the log again with this catalogue"
        )
    return rows
