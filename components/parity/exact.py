"""The exact answer of two towers: the best items by dot product."""

from collections.abc import Sequence

import numpy as np

from components.parity.sample import Answer
from schemas import serving
from schemas.metrics import LIST_LENGTH


def best_items(
    queries: np.ndarray,
    candidates: np.ndarray,
    item_id: np.ndarray,
    excluded: Sequence[np.ndarray],
) -> Answer:
    """The LIST_LENGTH best items of each query.

    Args:
      queries: [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
      item_id: [num_items] bytes.
      excluded: By query, rows of the candidates that may not be answered.

    Returns:
      `item_id` [num_queries, LIST_LENGTH] bytes and `score` float32, best first; "" and the lowest
      score where no item is left.
    """
    shape = (len(queries), LIST_LENGTH)
    ids = np.full(shape, serving.PADDING_ITEM_ID.encode(), dtype=object)
    best = np.full(shape, serving.PADDING_SCORE, np.float32)
    for query, (embedding, rows) in enumerate(zip(queries, excluded, strict=True)):
        scores = candidates @ embedding
        scores[rows] = serving.PADDING_SCORE
        num_best = min(LIST_LENGTH, len(scores) - len(np.unique(rows)))
        # One query at a time keeps memory at one row of scores.
        top = np.argpartition(-scores, num_best - 1)[:num_best] if num_best else rows[:0]
        top = top[np.argsort(-scores[top], kind="stable")]
        ids[query, :num_best], best[query, :num_best] = item_id[top], scores[top]
    return {serving.OUTPUT_ITEM_ID: ids, serving.OUTPUT_SCORE: best}
