"""Merges consecutive events of one item in a history into one event.

The encoder weights past events by their number of positions ago. If a user views, likes and buys
one item in a row, these events should not push the previous item out of its reach. Where repeat
interactions are recommended, each of them is a target, and nothing is merged.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import tensorflow as tf

from components.trainer.data.windows import ROW, TransformedWindows


def run_boundaries(item: tf.Tensor, window: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds the runs: consecutive events of one item in one window.

    Args:
      item: [num_events] identifiers of the items, of any dtype, window by window.
      window: [num_events] int64 indices of the windows.

    Returns:
      Two tensors [num_events] bool: whether an event is the first of its run, and the last.
    """
    continues = (item[1:] == item[:-1]) & (window[1:] == window[:-1])
    boundary = tf.ones([tf.minimum(tf.size(item), 1)], tf.bool)
    return tf.concat([boundary, ~continues], 0), tf.concat([~continues, boundary], 0)


def merge_consecutive_events(
    windows: TransformedWindows, columns_of_last: Collection[str]
) -> TransformedWindows:
    """Merges each run of events of one item into one event.

    Args:
      windows: Windows in which each target is the first event of its item.
      columns_of_last: The event columns whose value is that of the last event of the run. The value
        of all other columns is that of the first event.

    Raises:
      ValueError: A target is not the first event of its run, and would be lost.
    """
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    first, last = run_boundaries(tf.constant(windows.events[ROW]), tf.constant(window))
    is_first, is_last = first.numpy(), last.numpy()
    merged = replace(
        windows,
        lengths=np.bincount(window[is_first], minlength=len(windows)),
        events={
            name: values[is_last if name in columns_of_last else is_first]
            for name, values in windows.events.items()
        },
    )
    if merged.num_targets < windows.num_targets:
        raise ValueError(
            f"{windows.num_targets - merged.num_targets} targets have the item of the event "
            "before them: read the windows with `exclude_repeats` before merging"
        )
    return merged
