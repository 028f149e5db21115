"""Finds the queries of a parity sample among raw windows."""

from dataclasses import dataclass

import numpy as np

from components.examples.read import RawWindows
from components.parity.sample import ParitySample, fingerprint


@dataclass(frozen=True)
class FoundQueries:
    """Where the queries of a sample stand.

    Attributes:
      row: [num_found] int64, rows of the sample.
      position: [num_found] int64, indices into the event columns of the windows.
      num_ambiguous: Queries whose window is the same as another user's, item by item and second by
        second, so that nobody knows which one was asked.
      num_missing: Queries whose window is not there.
    """

    row: np.ndarray
    position: np.ndarray
    num_ambiguous: int
    num_missing: int


def find_queries(sample: ParitySample, windows: RawWindows) -> FoundQueries:
    """Looks every query of the sample up among the raw windows of its split."""
    places: dict[bytes, list[int]] = {key: [] for key in sample.window}
    for window in _alike(sample, windows):
        events = slice(windows.offsets[window], windows.offsets[window + 1])
        key = fingerprint(windows.item_id[events], windows.timestamp[events])
        if key in places:
            places[key].append(window)
    num_places = np.array([len(places[key]) for key in sample.window], np.int64)
    row = np.flatnonzero(num_places == 1)
    window = np.array([places[key][0] for key in sample.window[row]], np.int64)
    return FoundQueries(
        row=row,
        position=windows.offsets[window] + sample.position[row],
        num_ambiguous=int(np.count_nonzero(num_places > 1)),
        num_missing=int(np.count_nonzero(num_places == 0)),
    )


def _alike(sample: ParitySample, windows: RawWindows) -> np.ndarray:
    """RawWindows of a length and of a last second that the sample has: few are worth a fingerprint."""
    is_last_known = np.isin(windows.timestamp[windows.offsets[1:] - 1], sample.last_s)
    return np.flatnonzero(is_last_known & np.isin(np.diff(windows.offsets), sample.num_events))
