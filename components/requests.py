"""Turns windows of events into the requests that would have arrived just before an event."""

import numpy as np
import tensorflow as tf

from components.examples.read import RawWindows
from schemas import features as f
from schemas import serving
from schemas.features import FeatureTable


def requests_for(
    windows: RawWindows,
    table: FeatureTable,
    positions: np.ndarray,
    width: int,
    time_s: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Builds one dense request per event, with what was known when the event was about to happen.

    The history holds the events before it in its window, oldest first, the newest `width` of them.
    Of the event itself a request has the time and the context, never the item, type or value.

    Args:
      windows: Raw windows.
      table: The features, which name the inputs of `query_embedding`.
      positions: [num_requests] int64, indices into the event columns of `windows`.
      width: Columns of the history; shorter ones are padded on the right with "", -1 or NaN.
      time_s: [num_requests] int64, seconds UTC: the requests come at these instants, in a context
        that nobody knows, and not at the events' own.

    Returns:
      Every input of `schemas.serving.query_specs` by name: [num_requests, width] for the history,
      [num_requests] for the others; strings as object arrays of bytes.
    """
    window = np.searchsorted(windows.offsets, positions, side="right") - 1
    start = np.maximum(windows.offsets[window], positions - width)
    index = start[:, None] + np.arange(width)
    is_event = index < positions[:, None]
    index = np.where(is_event, index, 0)

    events = {
        f.ITEM_ID: windows.item_id,
        f.TIMESTAMP: windows.timestamp,
        f.EVENT_TYPE: windows.event_type,
        f.VALUE: windows.value,
        **windows.context,
    }
    single = {
        f.USER_ID: windows.user_id[window],
        serving.REQUEST_TIMESTAMP: windows.timestamp[positions] if time_s is None else time_s,
        **{feature.name: windows.user[feature.name][window] for feature in table.user},
    }
    if time_s is None:
        single |= {
            feature.name: windows.context[feature.name][positions] for feature in table.context
        }
    requests = {}
    for name, spec in serving.query_specs(table).items():
        if name in single:
            requests[name] = single[name]
        elif spec.shape.rank == 1:
            requests[name] = np.full(len(positions), _missing(spec), spec.dtype.as_numpy_dtype)
        else:
            values = events[name.removeprefix(serving.HISTORY_PREFIX)]
            requests[name] = np.where(is_event, values[index], _missing(spec))
    return requests


def _missing(spec: tf.TensorSpec) -> bytes | int | float:
    value = serving.missing_value(spec)
    return value.encode() if isinstance(value, str) else value


def history_lengths(windows: RawWindows, positions: np.ndarray) -> np.ndarray:
    """[num_requests] int64: how many events stand before each position in its window."""
    window = np.searchsorted(windows.offsets, positions, side="right") - 1
    return positions - windows.offsets[window]
