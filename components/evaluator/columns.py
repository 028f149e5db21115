"""Events as integer columns: users by code, items by their row in the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.examples.read import RawWindows
from schemas.errors import InputError

NO_ITEM = -1


@dataclass(frozen=True)
class EventColumns:
    """The events of one split's windows; window w stands at offsets[w]:offsets[w + 1].

    Attributes:
      user: [num_events] int64, a code shared by all splits.
      item: [num_events] int64, a row of the catalogue.
      timestamp: [num_events] int64, seconds UTC.
      is_target: [num_events] bool.
      offsets: [num_windows + 1] int64.
    """

    user: np.ndarray
    item: np.ndarray
    timestamp: np.ndarray
    is_target: np.ndarray
    offsets: np.ndarray

    @property
    def window_start(self) -> np.ndarray:
        """[num_events] int64: where the window of each event begins."""
        return np.repeat(self.offsets[:-1], np.diff(self.offsets))


def index_events(splits: Mapping[str, RawWindows], item_ids: np.ndarray) -> dict[str, EventColumns]:
    """Maps the users of all splits to codes, and items to rows of the catalogue.

    Codes follow the sorted user ids, so they do not depend on the order of files.

    Args:
      splits: Raw windows by split.
      item_ids: [num_items] bytes, the catalogue's ids, each once.

    Raises:
      InputError: An event's item is not in the catalogue.
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


def recent_items(events: EventColumns, positions: np.ndarray, width: int) -> np.ndarray:
    """The items just before each position in its window, newest first.

    Returns:
      [num_positions, width] int64 rows of the catalogue, NO_ITEM where the history is shorter.
    """
    window = np.searchsorted(events.offsets, positions, side="right") - 1
    index = positions[:, None] - 1 - np.arange(width)
    is_event = index >= events.offsets[window][:, None]
    return np.where(is_event, events.item[np.maximum(index, 0)], NO_ITEM)


def _catalogue_rows(item_ids: np.ndarray, catalogue: pd.Index, split: str) -> np.ndarray:
    if not len(item_ids):
        return np.empty(0, np.int64)
    rows = catalogue.get_indexer(pd.Index(item_ids)).astype(np.int64)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        example = item_ids[unknown[0]].decode("utf-8", "replace")
        raise InputError(
            f"{len(unknown)} events of the {split} split are on items that the catalogue lacks, "
            f"for example {example!r}: windows and catalogue come from different runs; "
            "ingest the log again with this catalogue"
        )
    return rows
