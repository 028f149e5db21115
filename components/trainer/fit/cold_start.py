"""Chooses how users without a history are ranked: by the query tower, or by popularity."""

import numpy as np
import numpy.typing as npt

from components.trainer.data.batches import one_batch
from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW
from components.trainer.fit.recipe import RecipeChoice
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.towers import RetrievalTowers
from components.trainer.time.popularity import TRAILING_PERIODS, window_name

KEY = "users without history"
QUERY_TOWER = "query tower"
# The mean reciprocal rank of fewer users is too noisy for a choice.
_MIN_USERS = 20
_BLOCK = 256


def choose_cold_start(towers: RetrievalTowers, train_data: TrainData) -> RecipeChoice | None:
    """Chooses the ranking for users without a history that has the highest MRR in split eval.

    The alternatives are the query tower and the popularity in each of the trailing windows. The
    first events of users are often on popular items, and there may be too few of them to train the
    query tower.

    Args:
      towers: The trained towers, which are changed in place.
      train_data: The data of the training.

    Returns:
      The choice; None if there is no choice: items have no popularity, or split eval has fewer than
      _MIN_USERS new users.
    """
    num_users = len(train_data.new_users)
    temporal = towers.temporal_features()
    if temporal is None or num_users < _MIN_USERS:
        return None
    targets = train_data.new_users.events[ROW]
    candidates = towers.catalogue_embeddings().numpy()
    names = [QUERY_TOWER, *(window_name(periods) for periods in TRAILING_PERIODS)]
    values = [_mean_reciprocal_rank(_query_embeddings(towers, train_data), candidates, targets)]
    for window in range(len(TRAILING_PERIODS)):
        share = temporal.numpy()[: towers.num_items, window]
        values.append(float(np.mean(1.0 / _ranks(share[np.newaxis], targets))))
    best = int(np.argmax(values))
    if best:
        weights = np.zeros(temporal.shape[1], np.float32)
        weights[best - 1] = 1.0
        towers.query_tower.set_cold_start_weights(weights)
    compared = ", ".join(f"{name} {mrr:.4f}" for name, mrr in zip(names, values, strict=True))
    reason = f"MRR on the first events of {num_users} new users of split eval: {compared}"
    return RecipeChoice(KEY, names[best], reason)


def _query_embeddings(towers: RetrievalTowers, train_data: TrainData) -> npt.NDArray[np.float32]:
    """Returns the [num_users, width] query embeddings for users without a history."""
    batch = one_batch(train_data.new_users)
    rows = batch[ROW]
    positions = np.stack([np.arange(len(rows)), np.zeros(len(rows), np.int64)], axis=1)
    vectors = towers.item_vectors(rows[:, 0])[:, np.newaxis]
    inputs = query_inputs(batch, towers.features)
    return towers.query_embeddings(positions, vectors, inputs).numpy()


def _mean_reciprocal_rank(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int32],
) -> float:
    reciprocal = 0.0
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        reciprocal += np.sum(1.0 / _ranks(queries[block] @ candidates.T, targets[block]))
    return float(reciprocal / len(queries))


def _ranks(
    scores: npt.NDArray[np.float32], targets: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """Returns the [num_targets] ranks of the targets, from 1; a target is last among ties.

    Args:
      scores: [num_targets, num_items] float32, or [1, num_items] for the same scores everywhere.
      targets: [num_targets] int32 rows of the candidate table.
    """
    target_scores = np.broadcast_to(scores, (len(targets), scores.shape[1]))[
        np.arange(len(targets)), targets
    ]
    return np.count_nonzero(scores >= target_scores[:, np.newaxis], axis=1)
