"""Builds small parity samples and raw windows for tests."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.examples.read import RawWindows
from components.parity.sample_file import ParitySample, SignatureOutputs, window_fingerprint

# One window: (user, [(item, time in seconds)]).
Window = tuple[str, list[tuple[str, int]]]


def bytes_array(values: Sequence[str | bytes]) -> npt.NDArray[np.object_]:
    """An object array [num_values] of bytes."""
    array = np.empty(len(values), dtype=object)
    array[:] = [value.encode() if isinstance(value, str) else value for value in values]
    return array


def windows_of(windows: Sequence[Window]) -> RawWindows:
    """Builds raw windows without features; every event is a target."""
    events = [event for _, window in windows for event in window]
    size = len(events)
    return RawWindows(
        user_id=bytes_array([user for user, _ in windows]),
        user={},
        offsets=np.cumsum([0, *(len(window) for _, window in windows)]),
        item_id=bytes_array([item for item, _ in events]),
        timestamp=np.array([time_s for _, time_s in events], np.int64),
        event_type=bytes_array([""] * size),
        value=np.full(size, np.nan, np.float32),
        is_target=np.ones(size, bool),
        context={},
    )


def sample_of(
    windows: Sequence[Window],
    position: Sequence[int],
    item_id: Sequence[str] = (),
    outputs: dict[str, SignatureOutputs] | None = None,
    split: str = "eval",
) -> ParitySample:
    """Builds a sample with one query per window, made before the event at `position`."""
    ids = [bytes_array([item for item, _ in window]) for _, window in windows]
    times = [np.array([time_s for _, time_s in window], np.int64) for _, window in windows]
    keys = [window_fingerprint(items, time_s) for items, time_s in zip(ids, times, strict=True)]
    return ParitySample(
        split=split,
        window=bytes_array(keys),
        num_events=np.array([len(items) for items in ids], np.int64),
        last_s=np.array([time_s[-1] for time_s in times], np.int64),
        position=np.array(position, np.int64),
        item_id=bytes_array(item_id),
        outputs=outputs or {},
    )
