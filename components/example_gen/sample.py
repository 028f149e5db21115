"""The sample of events for statistics.

The sample depends on a hash of each event, so that it is the same on every Beam runner.
"""

import zlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components.example_gen.sorted_events import SortedEvents
from schemas.features import ITEM_ID

# With this sample size two standard errors of the share of a value are at most 0.002; statistics
# over more events take minutes.
EVENTS_FOR_STATISTICS = 1 << 18


def sampled_events(events: SortedEvents, num_events: int) -> npt.NDArray[np.int64]:
    """Returns the ascending indices of the sampled events.

    Args:
      events: Some of the kept events of the log.
      num_events: Number of events of the whole log, before the rules that depend on the splits. Up
        to `EVENTS_FOR_STATISTICS`, all events are sampled; of more events, approximately this many,
        less those that these rules reject.
    """
    if num_events <= EVENTS_FOR_STATISTICS:
        return np.arange(len(events))
    users = _checksums(events.user_ids)[events.user]
    items = _checksums(events.texts(ITEM_ID))[events.codes(ITEM_ID)]
    hashed = _splitmix64(
        _splitmix64(users << np.uint64(32) | items) ^ events.time_us.view(np.uint64)
    )
    share = EVENTS_FOR_STATISTICS / num_events
    return np.flatnonzero(hashed < np.uint64(share * 2**64))


def _checksums(texts: pa.StringArray) -> npt.NDArray[np.uint64]:
    return np.array([zlib.crc32(text.encode()) for text in texts.to_numpy(False)], np.uint64)


def _splitmix64(key: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Returns the keys mixed by the finaliser of splitmix64 (Steele, Lea and Flood, 2014)."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))
