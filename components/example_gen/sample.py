"""Which events stand in the sample for statistics: decided by what an event is, on any runner."""

import zlib

import numpy as np
import pyarrow as pa

from components.example_gen.sorted_events import SortedEvents
from schemas.features import ITEM_ID

# Statistics over more events take minutes and say the same: the share of a value is then known
# within 0.002 (two standard errors).
EVENTS_FOR_STATISTICS = 1 << 18


def sampled_events(events: SortedEvents, num_events: int) -> np.ndarray:
    """The indices of the sampled ones, ascending.

    Args:
      events: Some of the log's kept events.
      num_events: How many of them there are in all: up to `EVENTS_FOR_STATISTICS` all are taken,
        above it about so many.
    """
    if num_events <= EVENTS_FOR_STATISTICS:
        return np.arange(len(events))
    users = _checksums(events.user_ids)[events.user]
    items = _checksums(events.texts(ITEM_ID))[events.codes(ITEM_ID)]
    hashed = _mixed(_mixed(users << np.uint64(32) | items) ^ events.time_us.view(np.uint64))
    share = EVENTS_FOR_STATISTICS / num_events
    return np.flatnonzero(hashed < np.uint64(share * 2**64))


def _checksums(texts: pa.StringArray) -> np.ndarray:
    return np.array([zlib.crc32(text.encode()) for text in texts.to_numpy(False)], np.uint64)


def _mixed(key: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): every bit moves every other."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))
