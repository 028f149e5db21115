"""Batches of windows as what the query tower sees, and what is hidden of it in training."""

from collections.abc import Iterable
from typing import NamedTuple

import tensorflow as tf

from components.trainer.data.columns import Columns
from components.trainer.data.features import InputFeature, TowerFeatures
from schemas.features import MISSING_INTEGER, TIMESTAMP

MISSING_TIMESTAMP: dict[str, int | float] = {TIMESTAMP: MISSING_INTEGER}


class QueryInputs(NamedTuple):
    """What queries are made of; all columns are indices, scores or seconds.

    Attributes:
      user: User id and user features, [batch].
      history: Type, value, context and `timestamp` of the events as the past, [batch, length].
      request: Context and `timestamp` of the events as requests, [batch, length].
    """

    user: Columns
    history: Columns
    request: Columns


def query_inputs(batch: Columns, features: TowerFeatures) -> QueryInputs:
    """Sorts the transformed columns of windows by their role.

    The event that a query is to predict lends it its time and context alone.
    """
    user = _names((features.user_id, *features.user))
    history = (*_names(features.event), TIMESTAMP)
    request = (*_names(features.context), TIMESTAMP)
    return QueryInputs(
        *({name: batch[name] for name in names} for names in (user, history, request))
    )


def history_rows(positions: tf.Tensor, rows: tf.Tensor, no_row: int) -> tf.Tensor:
    """The items before each query.

    Args:
      positions: [num_queries, 2] int64: window and event.
      rows: [batch, length] int32 rows of the candidate table.
      no_row: Stands for the query's own event and those after it.

    Returns:
      [num_queries, length] int32.
    """
    is_past = tf.range(tf.shape(rows, tf.int64)[1]) < positions[:, 1:]
    return tf.where(is_past, tf.gather(rows, positions[:, 0]), no_row)


def _names(features: Iterable[InputFeature]) -> list[str]:
    return [name for feature in features for name in feature.missing]


def hide_at_random(inputs: QueryInputs, features: TowerFeatures, rate: float) -> QueryInputs:
    """Replaces known values by missing ones, so that requests without them are in distribution.

    Hidden are, each in a share `rate` of the windows: the user's id; the user's features; what is
    known of past events besides their items; their times; of requests, one by one, the context;
    the time. In a further share, all of these but the user's id: a request of ids alone.
    """
    batch, length = tf.unstack(tf.shape(inputs.request[TIMESTAMP]))
    ids_alone = _chance([batch], rate)

    def windows() -> tf.Tensor:
        return ids_alone | _chance([batch], rate)

    def positions() -> tf.Tensor:
        return ids_alone[:, tf.newaxis] | _chance([batch, length], rate)

    user = _hide(inputs.user, [features.user_id], _chance([batch], rate))
    user = _hide(user, features.user, windows())
    history = _hide(inputs.history, features.event, windows()[:, tf.newaxis])
    history = _blank(history, MISSING_TIMESTAMP, windows()[:, tf.newaxis])
    request = _hide(inputs.request, features.context, positions())
    request = _blank(request, MISSING_TIMESTAMP, positions())
    return QueryInputs(user, history, request)


def ids_alone(inputs: QueryInputs, features: TowerFeatures, knows_users: bool) -> QueryInputs:
    """What a request of ids alone tells: whose it is, and the items of the history.

    Args:
      inputs: The windows.
      features: What the towers see.
      knows_users: Whether the user's features are known by the id.
    """
    every = tf.constant(True)
    user = inputs.user if knows_users else _hide(inputs.user, features.user, every)
    history = _blank(_hide(inputs.history, features.event, every), MISSING_TIMESTAMP, every)
    request = _blank(_hide(inputs.request, features.context, every), MISSING_TIMESTAMP, every)
    return QueryInputs(user, history, request)


def _chance(shape: list[tf.Tensor], rate: float) -> tf.Tensor:
    return tf.random.uniform(shape) < rate


def _hide(columns: Columns, features: Iterable[InputFeature], hidden: tf.Tensor) -> Columns:
    missing: dict[str, int | float] = {}
    for feature in features:
        missing |= feature.missing
    return _blank(columns, missing, hidden)


def _blank(columns: Columns, missing: dict[str, int | float], hidden: tf.Tensor) -> Columns:
    blanked = {
        name: tf.where(hidden, tf.cast(value, columns[name].dtype), columns[name])
        for name, value in missing.items()
    }
    return {**columns, **blanked}
