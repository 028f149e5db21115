"""Ranks the true item of each target among the whole catalogue, chunk by chunk."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.evaluator.columns import NO_ITEM
from components.evaluator.protocol import Targets

# Scores of some targets, a slice of them: [len(slice), num_items] float32, free to be overwritten.
Scorer = Callable[[slice], np.ndarray]

_SCORES_PER_CHUNK = 2**24


@dataclass(frozen=True)
class Ranking:
    """How one model or baseline ranked the targets.

    Attributes:
      ranks: [num_targets] int64, 1 is best: 1 + the number of other candidates that score at least
        as high as the true item. Ties count against the model.
      top: [num_targets, top_k] int64, the best candidates as rows of the catalogue, NO_ITEM where
        fewer are left.
    """

    ranks: np.ndarray
    top: np.ndarray


def rank_targets(
    scorer: Scorer,
    targets: Targets,
    num_items: int,
    top_k: int = 10,
    chunk_size: int | None = None,
) -> Ranking:
    """Ranks every target over the full catalogue, minus what its user had already seen.

    Args:
      scorer: Gives the scores of a slice of the targets.
      targets: The true items, and what to leave out for each.
      num_items: Rows of the catalogue.
      top_k: How many of the best candidates to keep a target.
      chunk_size: Targets scored at a time; by default so many that their scores take 64 MB.

    Raises:
      FloatingPointError: A true item's score is not finite.
    """
    chunk_size = chunk_size or max(1, _SCORES_PER_CHUNK // num_items)
    width = min(top_k, num_items)
    ranks = np.empty(len(targets), np.int64)
    top = np.full((len(targets), top_k), NO_ITEM, np.int64)
    for first in range(0, len(targets), chunk_size):
        rows = slice(first, min(first + chunk_size, len(targets)))
        scores = scorer(rows)
        true_score = scores[np.arange(len(scores)), targets.item[rows]]
        if not np.isfinite(true_score).all():
            raise FloatingPointError(
                f"the score of a true item among targets {rows.start} to {rows.stop} is not finite"
            )
        scores[targets.seen.pairs(rows)] = -np.inf
        # The true item itself is among those counted: that is the 1 in its rank.
        ranks[rows] = np.count_nonzero(scores >= true_score[:, None], axis=1)
        best = tf.math.top_k(scores, width)
        top[rows, :width] = np.where(np.isneginf(best.values), NO_ITEM, best.indices)
    return Ranking(ranks, top)


def dot_product(queries: np.ndarray, candidates: np.ndarray) -> Scorer:
    """Scores by the dot product of [num_targets, dim] and [num_items, dim] float32.

    Raises:
      FloatingPointError: The vectors are so long that their products overflow.
    """
    longest = [
        np.linalg.norm(vectors.astype(np.float64), axis=1).max(initial=0.0)
        for vectors in (queries, candidates)
    ]
    if longest[0] * longest[1] >= np.finfo(np.float32).max:
        raise FloatingPointError(
            f"query and candidate embeddings of length {longest[0]:.3g} and {longest[1]:.3g} "
            "overflow when multiplied: training diverged; lower train.learning_rate"
        )
    transposed = np.ascontiguousarray(candidates.T)
    return lambda rows: queries[rows] @ transposed
