"""Builds serving requests from raw windows: the request just before an event."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples.read import RawWindows
from schemas import features as f
from schemas import serving, serving_specs
from schemas.features import FeatureTable


def build_query_requests(
    windows: RawWindows,
    table: FeatureTable,
    positions: npt.NDArray[np.int64],
    width: int,
    time_s: npt.NDArray[np.int64] | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Builds one dense request per event from the information available just before the event.

    The history contains the preceding events of the same window, oldest first, limited to the
    `width` most recent. Of the event itself, the request contains the time and the context, but not
    the item, type or value.

    Args:
      windows: Raw windows.
      table: The features, which define the inputs of `query_embedding`.
      positions: [num_requests] int64, indices into the event columns of `windows`.
      width: Number of history columns; shorter histories are padded on the right with "", -1 or
        NaN.
      time_s: [num_requests] int64, seconds since the epoch, UTC. If given, the requests are sent at
        these times instead of the events' times, and their context features are missing.

    Returns:
      Every input of `serving_specs.query_specs` by name: [num_requests, width] for the history,
      [num_requests] for the others; strings as object arrays of bytes.
    """
    window = np.searchsorted(windows.offsets, positions, side="right") - 1
    start = np.maximum(windows.offsets[window], positions - width)
    index = start[:, None] + np.arange(width)
    is_event = index < positions[:, None]
    index = np.where(is_event, index, 0)

    event_columns = {
        f.ITEM_ID: windows.item_id,
        f.TIMESTAMP: windows.timestamp,
        f.EVENT_TYPE: windows.event_type,
        f.VALUE: windows.value,
        **windows.context,
    }
    single_values = {
        f.USER_ID: windows.user_id[window],
        serving.REQUEST_TIMESTAMP: windows.timestamp[positions] if time_s is None else time_s,
        **{feature.name: windows.user[feature.name][window] for feature in table.user},
    }
    if time_s is None:
        single_values |= {
            feature.name: windows.context[feature.name][positions] for feature in table.context
        }
    requests: dict[str, npt.NDArray[Any]] = {}
    for name, spec in serving_specs.query_specs(table).items():
        if name in single_values:
            requests[name] = single_values[name]
        elif spec.shape.rank == 1:
            missing = _missing_value(spec)
            requests[name] = np.full(len(positions), missing, spec.dtype.as_numpy_dtype)
        else:
            values = event_columns[name.removeprefix(serving.HISTORY_PREFIX)]
            requests[name] = np.where(is_event, values[index], _missing_value(spec))
    return requests


def _missing_value(spec: tf.TensorSpec) -> bytes | int | float:
    value = serving_specs.missing_value(spec)
    return value.encode() if isinstance(value, str) else value


def history_lengths(windows: RawWindows, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the number of events before each position in its window: [num_requests] int64."""
    window = np.searchsorted(windows.offsets, positions, side="right") - 1
    return positions - windows.offsets[window]
