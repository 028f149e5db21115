"""Real requests from held-out windows: what the index is tuned, measured and warmed up with."""

from dataclasses import dataclass

import numpy as np

from components.examples.read import RawWindows, read_raw_windows
from components.requests import requests_for
from schemas import serving
from schemas.errors import InputError
from schemas.features import FeatureTable

# The later in time the better: these are the requests to come.
_SPLITS = ("test", "eval", "train")
_SEED = 17


@dataclass(frozen=True)
class HeldOut:
    """Requests as they would have arrived just before a target.

    Attributes:
      split: The split they come from.
      requests: The inputs of `query_embedding`, [num_requests, …].
    """

    split: str
    requests: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.requests.values())))

    @property
    def history(self) -> np.ndarray:
        """[num_requests, H] bytes: the item ids of each history."""
        return self.requests[serving.HISTORY_ITEM_ID]


def read_held_out(
    windows_uri: str, table: FeatureTable, max_history: int, max_requests: int
) -> HeldOut:
    """Samples requests of the latest split that has any target.

    Raises:
      InputError: No split has a target.
    """
    for split in _SPLITS:
        windows = read_raw_windows(windows_uri, split, table)
        if windows.is_target.any():
            return HeldOut(split, sample_requests(windows, table, max_history, max_requests))
    raise InputError(
        f"the windows at {windows_uri} have no target in any split, so there is no request to "
        "measure the index with: see `targets.event_types`"
    )


def sample_requests(
    windows: RawWindows, table: FeatureTable, max_history: int, max_requests: int
) -> dict[str, np.ndarray]:
    """One request before each of at most `max_requests` targets, in random order."""
    targets = np.flatnonzero(windows.is_target)
    shuffled = np.random.default_rng(_SEED).permutation(targets)
    return requests_for(windows, table, shuffled[:max_requests], max_history)
