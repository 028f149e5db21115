"""Compares the outputs of a model with those of the same model with exact search."""

from typing import Any

import numpy as np
import numpy.typing as npt

from components.indexer.search.recall_latency import recalls
from schemas import serving

_RELATIVE_TOLERANCE = 1e-4

Answer = dict[str, Any]


def ranking_faults(answer: Answer, exact: Answer) -> list[str]:
    """Returns the faults of an approximate ranking, an empty list if it has none.

    Approximate search may miss items. It must not return fewer items than exact search, an item
    twice, scores out of order, or a score above the exact score of the same rank. An excluded or
    filtered item would cause one of these faults.

    Args:
      answer: `item_id` [B, K] bytes and `score` [B, K] float32.
      exact: The outputs of exact search for the same requests.
    """
    ids, scores = answer[serving.OUTPUT_ITEM_ID], answer[serving.OUTPUT_SCORE]
    best = exact[serving.OUTPUT_SCORE]
    if ids.shape != exact[serving.OUTPUT_ITEM_ID].shape:
        return [f"shape {ids.shape}, expected {exact[serving.OUTPUT_ITEM_ID].shape}"]
    filled = ids != b""
    tolerance = _tolerance(best)
    faults = []
    if not np.isfinite(scores).all():
        faults.append("a score is not finite")
    if (filled != (exact[serving.OUTPUT_ITEM_ID] != b"")).any():
        faults.append("some rows have more or fewer items than exact search")
    if (scores[~filled] != serving.PADDING_SCORE).any():
        faults.append("the score of padding is not the lowest float")
    if any(len(set(row[row != b""])) < (row != b"").sum() for row in ids):
        faults.append("an item occurs twice in one row")
    if (np.diff(scores, axis=1) > 0).any():
        faults.append("scores are not in descending order")
    if (scores[filled] > best[filled] + tolerance).any():
        faults.append("a score exceeds the exact score of the same rank")
    faults += _score_faults(answer, exact, tolerance)
    return faults


def overlap(answer: Answer, exact: Answer) -> npt.NDArray[np.float64]:
    """Returns the [B] recall of each row relative to exact search; NaN without any exact item."""
    found = answer[serving.OUTPUT_ITEM_ID], answer[serving.OUTPUT_SCORE]
    expected = exact[serving.OUTPUT_ITEM_ID], exact[serving.OUTPUT_SCORE]
    has_items = (expected[0] != b"").any(axis=1)
    return np.where(has_items, recalls(found, expected), np.nan)


def embedding_faults(answer: Answer, exact: Answer) -> list[str]:
    """Returns the faults of embeddings, an empty list if they equal those of exact search."""
    found, expected = answer[serving.OUTPUT_EMBEDDING], exact[serving.OUTPUT_EMBEDDING]
    if found.shape != expected.shape:
        return [f"shape {found.shape}, expected {expected.shape}"]
    if not np.allclose(found, expected, atol=_tolerance(expected)):
        return ["embeddings differ from those of the model with exact search"]
    return []


def _score_faults(answer: Answer, exact: Answer, tolerance: float) -> list[str]:
    for row in range(len(answer[serving.OUTPUT_ITEM_ID])):
        expected = _scores_by_id(exact, row)
        for item, score in _scores_by_id(answer, row).items():
            if item in expected and abs(score - expected[item]) > tolerance:
                return [f"item {item!r} has the score {score}, expected {expected[item]}"]
    return []


def _scores_by_id(answer: Answer, row: int) -> dict[bytes, float]:
    pairs = zip(answer[serving.OUTPUT_ITEM_ID][row], answer[serving.OUTPUT_SCORE][row], strict=True)
    return {item: float(score) for item, score in pairs if item}


def _tolerance(values: npt.NDArray[np.float32]) -> float:
    unpadded = values[values != serving.PADDING_SCORE]
    return _RELATIVE_TOLERANCE * max(1.0, float(np.abs(unpadded).max(initial=0.0)))
