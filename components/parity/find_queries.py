"""Finds the queries of a parity sample in raw windows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.examples.read import RawWindows
from components.parity.sample_file import ParitySample, window_fingerprint


@dataclass(frozen=True)
class FoundQueries:
    """The positions of a sample's queries in raw windows.

    Attributes:
      row: [num_found] int64, rows of the sample.
      position: [num_found] int64, indices into the event columns of the windows.
      num_ambiguous: Queries whose fingerprint matches more than one window: several users have
        the same items at the same times.
      num_missing: Queries whose fingerprint matches no window.
    """

    row: npt.NDArray[np.int64]
    position: npt.NDArray[np.int64]
    num_ambiguous: int
    num_missing: int


def find_queries(sample: ParitySample, windows: RawWindows) -> FoundQueries:
    """Finds the window of each query of the sample by its fingerprint.

    Args:
      sample: The parity sample of a model.
      windows: Raw windows of the sample's split.
    """
    matches: dict[bytes, list[int]] = {key: [] for key in sample.window}
    for window in _candidate_windows(sample, windows):
        events = slice(windows.offsets[window], windows.offsets[window + 1])
        key = window_fingerprint(windows.item_id[events], windows.timestamp[events])
        if key in matches:
            matches[key].append(window)
    num_matches = np.array([len(matches[key]) for key in sample.window], np.int64)
    row = np.flatnonzero(num_matches == 1)
    window = np.array([matches[key][0] for key in sample.window[row]], np.int64)
    return FoundQueries(
        row=row,
        position=windows.offsets[window] + sample.position[row],
        num_ambiguous=int(np.count_nonzero(num_matches > 1)),
        num_missing=int(np.count_nonzero(num_matches == 0)),
    )


def _candidate_windows(sample: ParitySample, windows: RawWindows) -> npt.NDArray[np.int64]:
    """The windows whose length and last timestamp occur in the sample; only these are hashed."""
    is_last_known = np.isin(windows.timestamp[windows.offsets[1:] - 1], sample.last_s)
    return np.flatnonzero(is_last_known & np.isin(np.diff(windows.offsets), sample.num_events))
