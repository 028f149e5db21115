"""The inputs of the query tower from a batch of windows, and how training hides some of them."""

from collections.abc import Iterable
from typing import NamedTuple

import tensorflow as tf

from components.negative_events_graph import NEGATIVE, negative_rows_before
from components.trainer.data.columns import Columns
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.data.windows import ROW
from components.trainer.seeds import split
from schemas.features import MISSING_INTEGER, TIMESTAMP
from schemas.transformed import IS_NEGATIVE

MISSING_TIMESTAMP: dict[str, int | float] = {TIMESTAMP: MISSING_INTEGER}
# The number of random choices by which training hides inputs.
_NUM_MASKS = 7


class QueryInputs(NamedTuple):
    """The inputs of the query tower: indices, standardised numbers, and seconds.

    Attributes:
      user: User id and user features, [batch].
      history: Event type, value, context and `timestamp` of the past events, [batch, length].
      request: Context and `timestamp` of the same events as requests, [batch, length].
    """

    user: Columns
    history: Columns
    request: Columns


def query_inputs(batch: Columns, features: TowerFeatures) -> QueryInputs:
    """Selects the columns of windows by role.

    The query for an event may use only its time and context, not its item, type or value.
    """
    user = _columns_of((features.user_id, *features.user))
    history = (*_columns_of(features.event), TIMESTAMP)
    request = (*_columns_of(features.context), TIMESTAMP)
    return QueryInputs(
        *({name: batch[name] for name in names} for names in (user, history, request))
    )


def history_rows(positions: tf.Tensor, rows: tf.Tensor, no_row: int) -> tf.Tensor:
    """Returns the items before each query.

    Args:
      positions: [num_queries, 2] int64: window and event.
      rows: [batch, length] int32 rows of the candidate table.
      no_row: The value for the query's own event and the events after it.

    Returns:
      [num_queries, length] int32.
    """
    is_past = tf.range(tf.shape(rows, tf.int64)[1]) < positions[:, 1:]
    return tf.where(is_past, tf.gather(rows, positions[:, 0]), no_row)


def negative_items(
    positions: tf.Tensor, batch: Columns, item: tf.Tensor, no_row: int, no_item: int
) -> tf.Tensor:
    """Returns the items before each query whose last event is explicit negative feedback.

    Args:
      positions: [num_queries, 2] int64: window and event.
      batch: A batch of windows, with the states of their events as negative feedback.
      item: [batch, length] int32 indices of the items of the events, by any numbering.
      no_row: The row of the unknown item, which is not returned.
      no_item: The value for all other events.

    Returns:
      [num_queries, length] int32 values of `item`.
    """
    is_negative = (batch[IS_NEGATIVE] == NEGATIVE) & (batch[ROW] != no_row)
    return negative_rows_before(positions, item, is_negative, no_item)


def _columns_of(features: Iterable[InputFeature]) -> list[str]:
    return [name for feature in features for name in feature.missing]


def hide_at_random(
    inputs: QueryInputs, features: TowerFeatures, rate: float, seed: tf.Tensor
) -> QueryInputs:
    """Replaces random values by missing values, so that the model learns from partial requests.

    Each of the following is hidden in a share `rate` of the windows: the user's id; the user's
    features; the features of past events except their items; the times of past events. The
    context and the time of requests are hidden for a share `rate` of the requests each. In a
    further share `rate` of the windows, all of these except the user's id are hidden: requests
    that contain ids only.

    Args:
      inputs: The inputs from the windows.
      features: The input features of the towers.
      rate: The share of each.
      seed: [2] int32, the seed of the random choices.
    """
    batch, length = tf.unstack(tf.shape(inputs.request[TIMESTAMP]))
    seeds = iter(split(seed, _NUM_MASKS))

    def random_mask(*shape: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform(shape, next(seeds)) < rate

    ids_only = random_mask(batch)

    def windows() -> tf.Tensor:
        return ids_only | random_mask(batch)

    def requests() -> tf.Tensor:
        return ids_only[:, tf.newaxis] | random_mask(batch, length)

    user = _hide_features(inputs.user, [features.user_id], random_mask(batch))
    user = _hide_features(user, features.user, windows())
    history = _hide_features(inputs.history, features.event, windows()[:, tf.newaxis])
    history = _hide(history, MISSING_TIMESTAMP, windows()[:, tf.newaxis])
    request = _hide_features(inputs.request, features.context, requests())
    request = _hide(request, MISSING_TIMESTAMP, requests())
    return QueryInputs(user, history, request)


def keep_ids_only(
    inputs: QueryInputs, features: TowerFeatures, has_user_features: bool
) -> QueryInputs:
    """Hides everything except the user's id and the items of the history.

    Args:
      inputs: The inputs from the windows.
      features: The input features of the towers.
      has_user_features: Whether the served model adds the user's features by the user's id.
    """
    every = tf.constant(True)
    user = inputs.user if has_user_features else _hide_features(inputs.user, features.user, every)
    history = _hide_features(inputs.history, features.event, every)
    request = _hide_features(inputs.request, features.context, every)
    return QueryInputs(
        user,
        _hide(history, MISSING_TIMESTAMP, every),
        _hide(request, MISSING_TIMESTAMP, every),
    )


def _hide_features(
    columns: Columns, features: Iterable[InputFeature], hidden: tf.Tensor
) -> Columns:
    missing: dict[str, int | float] = {}
    for feature in features:
        missing |= feature.missing
    return _hide(columns, missing, hidden)


def _hide(columns: Columns, missing: dict[str, int | float], hidden: tf.Tensor) -> Columns:
    replaced = {
        name: tf.where(hidden, tf.cast(value, columns[name].dtype), columns[name])
        for name, value in missing.items()
    }
    return {**columns, **replaced}
