"""Ranks the catalogue for the targets of windows, as the served model ranks it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.evaluator.metrics import accuracy, mean_by_user
from components.evaluator.paired_comparison import PairedComparison, compare_users
from components.evaluator.ranking import Ranking
from components.trainer.data.batches import EpochBatches
from components.trainer.data.columns import Columns
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows
from components.trainer.model.excluded_rows import excluded_rows
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.towers import RetrievalTowers
from schemas.features import USER_ID

_EVENTS_PER_BATCH = 16_384
_NUM_SAMPLES = 1000
# Scores of this many pairs of a query and an item are in memory at a time (64 MiB).
_PAIRS_PER_BLOCK = 1 << 24


@dataclass(frozen=True)
class TargetRanks:
    """The ranks of the targets of windows, and their users.

    Attributes:
      ranks: [num_targets] int64, 1 for the best; a target is last among items of equal score.
      users: [num_targets] int64 indices of users.
      queries: [num_targets, width] float32 query embeddings.
      candidates: [num_items, width] float32 candidate embeddings.
    """

    ranks: npt.NDArray[np.int64]
    users: npt.NDArray[np.int64]
    queries: npt.NDArray[np.float32]
    candidates: npt.NDArray[np.float32]

    @property
    def is_finite(self) -> bool:
        """Whether all embeddings are finite."""
        return bool(np.isfinite(self.queries).all() and np.isfinite(self.candidates).all())

    def by_user(self, metric: str) -> npt.NDArray[np.float64]:
        """Returns the [num_users] mean of a metric of `schemas.metrics` over a user's targets."""
        num = len(self.ranks)
        no_lists = np.empty((num, 0), np.int64)
        by_query = accuracy(Ranking(self.ranks, np.arange(num + 1), no_lists), (1, 10, 100))
        return mean_by_user(by_query[metric], self.users)

    def compared_with(self, other: "TargetRanks", metric: str, seed: int) -> PairedComparison:
        """Compares a metric with that of other towers on the same targets, paired by user.

        Args:
          other: The ranks of the same targets by other towers.
          metric: The name of the metric in `schemas.metrics`.
          seed: Seed of the bootstrap samples.
        """
        return compare_users(
            metric, self.by_user(metric), other.by_user(metric), _NUM_SAMPLES, seed
        )


def rank_targets(towers: RetrievalTowers, windows: TransformedWindows) -> TargetRanks:
    """Ranks all items for each target, without the items that are not recommended to its user.

    Args:
      towers: The towers; item features that depend on time are as of the end of the targets that
        they have counted.
      windows: Windows with at least one target.
    """
    candidates = towers.catalogue_embeddings().numpy()
    vectors = towers.catalogue_item_vectors()
    parts = [
        _of_batch(towers, batch, vectors, candidates)
        for batch in EpochBatches(windows, _EVENTS_PER_BATCH, seed=None).epoch()
    ]
    ranks, users, queries = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return TargetRanks(ranks, users, queries, candidates)


def _of_batch(
    towers: RetrievalTowers,
    batch: Columns,
    vectors: tf.Tensor,
    candidates: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    positions = tf.where(batch[WEIGHT] > 0)
    inputs = query_inputs(batch, towers.features)
    queries = towers.query_embeddings(positions, tf.gather(vectors, batch[ROW]), inputs).numpy()
    targets = tf.gather_nd(batch[ROW], positions).numpy()
    excluded = excluded_rows(positions, batch, towers)
    no_rows = np.empty((len(targets), 0), np.int32)
    ranks = ranks_of(
        queries, candidates, targets, no_rows if excluded is None else excluded.numpy()
    )
    return ranks, tf.gather(batch[USER_ID], positions[:, 0]).numpy(), queries


def ranks_of(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int32],
    excluded: npt.NDArray[np.int32],
) -> npt.NDArray[np.int64]:
    """Ranks all items for each query, and returns the rank of its target.

    Args:
      queries: [num_queries, width] float32.
      candidates: [num_items, width] float32.
      targets: [num_queries] int32 rows of the candidates.
      excluded: [num_queries, num_excluded] int32 candidates that are not ranked for a query, padded
        by num_items. A target is ranked also if it is among them.

    Returns:
      [num_queries] int64, 1 for the best; a target is last among items of equal score.
    """
    ranks = np.empty(len(queries), np.int64)
    block = max(1, _PAIRS_PER_BLOCK // len(candidates))
    for start in range(0, len(queries), block):
        rows = slice(start, start + block)
        scores = queries[rows] @ candidates.T
        of_target = np.take_along_axis(scores, targets[rows, np.newaxis], axis=1)
        # One more column for the padding.
        scores = np.pad(scores, [(0, 0), (0, 1)], constant_values=-np.inf)
        np.put_along_axis(scores, excluded[rows], -np.inf, axis=1)
        np.put_along_axis(scores, targets[rows, np.newaxis], of_target, axis=1)
        # A comparison with NaN is false, so that a target with this score has the last rank.
        ranks[rows] = len(candidates) - np.count_nonzero(scores[:, :-1] < of_target, axis=1)
    return ranks
