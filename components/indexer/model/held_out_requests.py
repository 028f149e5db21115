"""Requests from held-out windows, with which the index is tuned, measured and warmed up."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from components.examples.read import RawWindows, read_raw_windows
from components.query_requests import build_query_requests
from schemas import serving
from schemas.errors import InputError
from schemas.features import FeatureTable

# The latest split comes first, because its requests are closest to future traffic.
_SPLITS = ("test", "eval", "train")
_SEED = 17


@dataclass(frozen=True)
class HeldOutRequests:
    """Requests as they would have arrived just before a target event.

    Attributes:
      split: The split of the windows.
      requests: The inputs of `query_embedding`, [num_requests, …] each.
    """

    split: str
    requests: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.requests.values())))

    @property
    def history(self) -> npt.NDArray[np.object_]:
        """The item ids of each history, [num_requests, max_history] bytes."""
        return self.requests[serving.HISTORY_ITEM_ID]


def read_held_out_requests(
    windows_uri: str, table: FeatureTable, max_history: int, max_requests: int
) -> HeldOutRequests:
    """Samples requests from the latest split that contains a target.

    Raises:
      InputError: No split contains a target.
    """
    for split in _SPLITS:
        windows = read_raw_windows(windows_uri, split, table)
        if windows.is_target.any():
            return HeldOutRequests(
                split, sample_requests(windows, table, max_history, max_requests)
            )
    raise InputError(
        f"the windows at {windows_uri} contain no target in any split, so there is no request to "
        "measure the index with: check targets.event_types"
    )


def sample_requests(
    windows: RawWindows, table: FeatureTable, max_history: int, max_requests: int
) -> dict[str, npt.NDArray[Any]]:
    """Returns one request per target, for at most `max_requests` randomly chosen targets."""
    targets = np.flatnonzero(windows.is_target)
    shuffled = np.random.default_rng(_SEED).permutation(targets)
    return build_query_requests(windows, table, shuffled[:max_requests], max_history)
