"""Exact top-K retrieval by dot product, the reference for parity checks."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from components.parity.sample_file import SignatureOutputs
from schemas import serving
from schemas.metrics import LIST_LENGTH


def exact_search(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    item_id: npt.NDArray[np.object_],
    excluded: Sequence[npt.NDArray[np.int64]],
) -> SignatureOutputs:
    """Returns the LIST_LENGTH candidates of each query with the highest dot products.

    Args:
      queries: [num_queries, dim] float32.
      candidates: [num_items, dim] float32.
      item_id: [num_items] bytes.
      excluded: For each query, the rows of `candidates` that must not be returned; a row may be
        listed more than once.

    Returns:
      `item_id` [num_queries, LIST_LENGTH] bytes and `score` [num_queries, LIST_LENGTH] float32,
      best first. Unfilled places hold `serving.PADDING_ITEM_ID` and `serving.PADDING_SCORE`.
    """
    shape = (len(queries), LIST_LENGTH)
    ids = np.full(shape, serving.PADDING_ITEM_ID.encode(), dtype=object)
    best = np.full(shape, serving.PADDING_SCORE, np.float32)
    # One query at a time, so that memory holds one row of scores.
    for query, (embedding, rows) in enumerate(zip(queries, excluded, strict=True)):
        scores = candidates @ embedding
        scores[rows] = serving.PADDING_SCORE
        num_best = min(LIST_LENGTH, len(scores) - len(np.unique(rows)))
        top = np.argpartition(-scores, num_best - 1)[:num_best] if num_best else rows[:0]
        top = top[np.argsort(-scores[top], kind="stable")]
        ids[query, :num_best], best[query, :num_best] = item_id[top], scores[top]
    return {serving.OUTPUT_ITEM_ID: ids, serving.OUTPUT_SCORE: best}
