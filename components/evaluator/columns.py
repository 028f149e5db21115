"""Events of a split as integer columns: users as codes, items as rows of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from components.examples.read import RawWindows
from schemas.errors import InputError

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
    """

    user: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.int64]
    is_target: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]

    @property
    def window_start(self) -> npt.NDArray[np.int64]:
        """[num_events] int64, the first event of each event's window."""
        return np.repeat(self.offsets[:-1], np.diff(self.offsets))


def index_events(
    splits: Mapping[str, RawWindows], item_ids: npt.NDArray[np.object_]
) -> dict[str, EventColumns]:
    """Maps the users of all splits to codes, and their items to rows of the catalogue.

    User codes follow the sorted user ids, so they do not depend on the order of the files.

    Args:
      splits: Raw windows of each split.
      item_ids: [num_items] bytes, the unique item ids of the catalogue.

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
        )
    return columns


def recent_items(
    events: EventColumns, positions: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.int64]:
    """Returns the items of the last `width` events before each position in its window.

    Args:
      events: Events of a split.
      positions: [num_positions] int64, indices into the events.
      width: Number of events to return for each position.

    Returns:
      [num_positions, width] int64, rows of the catalogue, newest first; NO_ITEM where the window
      has fewer events.
    """
    window = np.searchsorted(events.offsets, positions, side="right") - 1
    index = positions[:, None] - 1 - np.arange(width)
    is_event = index >= events.offsets[window][:, None]
    return np.where(is_event, events.item[np.maximum(index, 0)], NO_ITEM)


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
