"""The candidates that are not recommended to a query because of its history."""

import tensorflow as tf

from components.trainer.data.columns import Columns
from components.trainer.data.windows import ROW
from components.trainer.model.query_inputs import history_rows, negative_items
from components.trainer.model.towers import RetrievalTowers


def excluded_rows(
    positions: tf.Tensor, batch: Columns, towers: RetrievalTowers
) -> tf.Tensor | None:
    """Returns the items that are not recommended to each query.

    They are the items of the history. If repeat interactions are allowed, they are the items of the
    history whose last event is explicit negative feedback.

    Args:
      positions: [num_queries, 2] int64: window and event.
      batch: A batch of windows.
      towers: The towers that embed the queries.

    Returns:
      [num_queries, length] int32 rows of the candidate table, padded with the row of the unknown
      item; None if no item is excluded.
    """
    no_row = towers.num_items
    if towers.excludes_history:
        return history_rows(positions, batch[ROW], no_row)
    if towers.features.has_negatives:
        return negative_items(positions, batch, batch[ROW], no_row, no_row)
    return None
