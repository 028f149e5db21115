"""An item that is viewed, liked and bought in a row is one event of a history, not three.

Encoders weigh events by how many lie between. What a user did with one item without a pause must
not push the item before it out of sight. Where repeats are to be recommended they are targets of
their own, and nothing is folded.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import tensorflow as tf

from components.trainer.data.windows import ROW, TransformedWindows


def edges(item: tf.Tensor, window: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where runs of one item start and end.

    Args:
      item: [num_events] of any dtype, equal for one item, window by window.
      window: [num_events] int64: the events' windows.

    Returns:
      [num_events] bool each: whether an event is the first of its run, and the last.
    """
    goes_on = (item[1:] == item[:-1]) & (window[1:] == window[:-1])
    edge = tf.ones([tf.minimum(tf.size(item), 1)], tf.bool)
    return tf.concat([edge, ~goes_on], 0), tf.concat([~goes_on, edge], 0)


def folded(windows: TransformedWindows, of_last: Collection[str]) -> TransformedWindows:
    """The windows with every run as one event.

    Args:
      windows: TransformedWindows in which an item is a target at its first event at most.
      of_last: Event columns that the run has from its last event; the rest it has from its first.

    Raises:
      ValueError: A target is not the first of its run, and would be lost.
    """
    window = np.repeat(np.arange(len(windows)), windows.lengths)
    first, last = edges(tf.constant(windows.events[ROW]), tf.constant(window))
    is_first, is_last = first.numpy(), last.numpy()
    runs = replace(
        windows,
        lengths=np.bincount(window[is_first], minlength=len(windows)),
        events={
            name: values[is_last if name in of_last else is_first]
            for name, values in windows.events.items()
        },
    )
    if runs.num_targets < windows.num_targets:
        raise ValueError(
            f"{windows.num_targets - runs.num_targets} targets repeat the event before them: "
            "leave repeats out (`exclude_repeats`) before folding"
        )
    return runs
