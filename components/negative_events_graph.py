"""Explicit negative feedback in a graph: which events have the role, and which items it excludes.

`negative_events` does the first for columns.

Where feedback on an item differs over time, the last event of the item in a history decides: an
item that a user returned and bought again is not excluded.
"""

import tensorflow as tf

from schemas.features import MISSING_TEXT
from schemas.target_settings import NegativeSettings

# The state of an event in a graph. UNKNOWN, the last one, is that of an event without the type or
# the value on which the role depends, as in a request that contains item ids only.
NOT_NEGATIVE, NEGATIVE, UNKNOWN = range(3)


def negative_states(
    settings: NegativeSettings, event_type: tf.Tensor, value: tf.Tensor
) -> tf.Tensor:
    """Returns NOT_NEGATIVE, NEGATIVE or UNKNOWN for each event, in a graph.

    Args:
      settings: The settings of negative feedback.
      event_type: String, of any shape; "" where missing.
      value: float32 of the same shape; NaN where missing.

    Returns:
      int64 of the same shape.
    """
    is_negative, is_other = tf.ones_like(value, tf.bool), tf.zeros_like(value, tf.bool)
    if settings.event_types is not None:
        has_type = tf.reduce_any(event_type[..., tf.newaxis] == list(settings.event_types), -1)
        is_negative &= has_type
        is_other |= ~has_type & (event_type != MISSING_TEXT)
    if settings.max_value is not None:
        is_negative &= value <= settings.max_value
        is_other |= value > settings.max_value
    unknown_or_other = tf.where(is_other, NOT_NEGATIVE, UNKNOWN)
    return tf.cast(tf.where(is_negative, NEGATIVE, unknown_or_other), tf.int64)


def next_event_of_item(item: tf.Tensor) -> tf.Tensor:
    """Returns the position of the next event with the same item.

    >>> next_event_of_item(tf.constant([[7, 8, 7, 7]])).numpy().tolist()
    [[2, 4, 3, 4]]

    Args:
      item: [batch, length] int32 rows of items, -1 or greater.

    Returns:
      [batch, length] int32; `length` for the last event of an item.
    """
    batch, length = tf.unstack(tf.shape(item))
    # Distinct keys, so that the result does not depend on the stability of the sort.
    position = tf.range(length, dtype=tf.int64)
    keys = (tf.cast(item, tf.int64) + 1) * tf.cast(length, tf.int64) + position
    order = tf.argsort(keys, axis=1)
    ordered_item = tf.gather(item, order, batch_dims=1)
    continues = ordered_item[:, 1:] == ordered_item[:, :-1]
    following = tf.where(continues, order[:, 1:], length)
    following = tf.concat([following, tf.fill([batch, tf.minimum(length, 1)], length)], 1)
    return tf.gather(following, tf.argsort(order, axis=1), batch_dims=1)


def last_negative_rows(item: tf.Tensor, is_negative: tf.Tensor, no_row: int) -> tf.Tensor:
    """Returns the items of histories whose last event is negative feedback.

    Args:
      item: [batch, length] int32 rows of items, oldest first.
      is_negative: [batch, length] bool.
      no_row: The value for all other events.

    Returns:
      [batch, length] int32.
    """
    is_last = next_event_of_item(item) == tf.shape(item)[1]
    return tf.where(is_negative & is_last, item, no_row)


def negative_rows_before(
    positions: tf.Tensor, item: tf.Tensor, is_negative: tf.Tensor, no_row: int
) -> tf.Tensor:
    """Returns the items whose last event before each query is negative feedback.

    Args:
      positions: [num_queries, 2] int64: the window and the event of each query.
      item: [batch, length] int32 rows of the items of the events of windows.
      is_negative: [batch, length] bool.
      no_row: The value for all other events.

    Returns:
      [num_queries, length] int32.
    """
    window, position = positions[:, 0], tf.cast(positions[:, 1:], tf.int32)
    following = tf.gather(next_event_of_item(item), window)
    is_last = (tf.range(tf.shape(item)[1]) < position) & (following >= position)
    return tf.where(is_last & tf.gather(is_negative, window), tf.gather(item, window), no_row)
