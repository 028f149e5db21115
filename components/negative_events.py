"""Explicit negative feedback: which events have the role.

`targets.negative` gives the role to events by their type, by their value, or by both. Every step
derives the role from the event type and the value, which raw windows and served requests contain,
with the function of this module or, in a graph, of `negative_events_graph`. A value is compared as
float32, the precision of tf.Examples, so that ingestion and serving agree.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.target_settings import NegativeSettings


def negative_flags(
    settings: NegativeSettings,
    event_type: pa.Array,
    value: npt.NDArray[Any],
) -> npt.NDArray[np.bool_]:
    """Returns which events are negative feedback.

    >>> dislikes_and_low_ratings = NegativeSettings(event_types=("rate",), max_value=2.0)
    >>> event_type, value = pa.array(["rate", "rate", "view"]), np.array([2.0, np.nan, 1.0])
    >>> negative_flags(dislikes_and_low_ratings, event_type, value).tolist()
    [True, False, False]

    Args:
      settings: The settings of negative feedback.
      event_type: [num_events] texts or bytes, which may be dictionary-encoded.
      value: [num_events] values; NaN where missing.

    Returns:
      [num_events] bool. An event without the type or the value that decides is not negative.
    """
    is_negative = np.ones(len(value), bool)
    if settings.event_types is not None:
        is_negative &= _has_type(event_type, settings.event_types)
    if settings.max_value is not None:
        is_negative &= value.astype(np.float32) <= np.float32(settings.max_value)
    return is_negative


def _has_type(event_type: pa.Array, types: Collection[str]) -> npt.NDArray[np.bool_]:
    if pa.types.is_dictionary(event_type.type):
        codes = event_type.indices.to_numpy()
        return _has_type(event_type.dictionary, types)[codes]
    value_set = pa.array(list(types)).cast(event_type.type)
    return pc.is_in(event_type, value_set=value_set).to_numpy(zero_copy_only=False)
