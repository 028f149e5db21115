"""The items that a request's history excludes from its answer."""

import tensorflow as tf

from components.indexer.model.inputs import Tensors
from components.indexer.search.eligible_top_k import NO_ROW
from components.indexer.search.item_table import ItemTable
from components.negative_events_graph import NEGATIVE, last_negative_rows, negative_states
from schemas import serving
from schemas.target_settings import NegativeSettings


def history_exclusion(
    query: Tensors, items: ItemTable, exclude_history: bool, negative: NegativeSettings | None
) -> tf.Tensor:
    """Returns the rows of the items that a history excludes.

    They are all items of the history, or those whose last event is explicit negative feedback.

    Args:
      query: The inputs of `query_embedding`, with normalised ids.
      items: The items of the catalogue.
      exclude_history: Whether all items of the history are excluded.
      negative: Which events are negative feedback; None if none are.

    Returns:
      [B, X] int32, padded with -1.
    """
    history = query[serving.HISTORY_ITEM_ID]
    if exclude_history:
        return items.rows(history)
    if negative is None:
        return items.rows(history[:, :0])
    states = negative_states(
        negative, query[serving.HISTORY_EVENT_TYPE], query[serving.HISTORY_VALUE]
    )
    return last_negative_rows(items.rows(history), states == NEGATIVE, NO_ROW)
