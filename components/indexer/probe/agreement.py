"""Holds the answers of the model that serves against those of its exact twin."""

from typing import Any

import numpy as np

from components.indexer.search.quality import recalls
from schemas import serving

_RELATIVE_TOLERANCE = 1e-4

Answer = dict[str, Any]


def ranking_faults(answer: Answer, exact: Answer) -> list[str]:
    """What is wrong with a ranking, given the exact one; empty where nothing is.

    A near search may miss items. It may not answer fewer than exact search, nor an item twice, nor
    in another order than by score, nor above what is the best possible at a place: an excluded or
    filtered-out item would show as one of these.

    Args:
      answer: `item_id` [B, K] bytes and `score` [B, K] float32.
      exact: The same for the same requests.
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
        faults.append("some rows hold fewer items than there are, or more")
    if (scores[~filled] != serving.PADDING_SCORE).any():
        faults.append("padding has another score than the lowest")
    if any(len(set(row[row != b""])) < (row != b"").sum() for row in ids):
        faults.append("an item is answered twice in one row")
    if (np.diff(scores, axis=1) > 0).any():
        faults.append("scores do not descend")
    if (scores[filled] > best[filled] + tolerance).any():
        faults.append("a score exceeds the best possible at its place")
    faults += _score_faults(answer, exact, tolerance)
    return faults


def overlap(answer: Answer, exact: Answer) -> list[float]:
    """For each row with any item, the share of the exact answer that was found."""
    names = (serving.OUTPUT_ITEM_ID, serving.OUTPUT_SCORE)
    found, wanted = (tuple(side[name] for name in names) for side in (answer, exact))
    has_any = (exact[serving.OUTPUT_ITEM_ID] != b"").any(axis=1)
    return recalls(found, wanted)[has_any].tolist()


def embedding_faults(answer: Answer, exact: Answer) -> list[str]:
    """What is wrong with embeddings, given those of the twin."""
    found, wanted = answer[serving.OUTPUT_EMBEDDING], exact[serving.OUTPUT_EMBEDDING]
    if found.shape != wanted.shape:
        return [f"shape {found.shape}, expected {wanted.shape}"]
    if not np.allclose(found, wanted, atol=_tolerance(wanted)):
        return ["embeddings differ from the twin's"]
    return []


def _score_faults(answer: Answer, exact: Answer, tolerance: float) -> list[str]:
    for row in range(len(answer[serving.OUTPUT_ITEM_ID])):
        wanted = _scores_by_id(exact, row)
        for item, score in _scores_by_id(answer, row).items():
            if item in wanted and abs(score - wanted[item]) > tolerance:
                return [f"item {item!r} scores {score}, exactly {wanted[item]}"]
    return []


def _scores_by_id(answer: Answer, row: int) -> dict[bytes, float]:
    pairs = zip(answer[serving.OUTPUT_ITEM_ID][row], answer[serving.OUTPUT_SCORE][row], strict=True)
    return {item: float(score) for item, score in pairs if item}


def _tolerance(values: np.ndarray) -> float:
    known = values[values != serving.PADDING_SCORE]
    return _RELATIVE_TOLERANCE * max(1.0, float(np.abs(known).max(initial=0.0)))
