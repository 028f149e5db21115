"""Chooses how users without a history are ranked: by the query tower, or by popularity."""

import math
from statistics import NormalDist

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
# The probability that any alternative replaces an equally good query tower.
_SIGNIFICANCE = 0.05
# Each alternative is tested on its own (Bonferroni), so it must exceed the query tower by this many
# standard errors of the mean difference, one-sided.
STANDARD_ERRORS = NormalDist().inv_cdf(1.0 - _SIGNIFICANCE / len(TRAILING_PERIODS))
# Scores of this many pairs of a query and an item are computed at a time (64 MiB).
_PAIRS_PER_BLOCK = 1 << 24


def choose_cold_start(towers: RetrievalTowers, train_data: TrainData) -> RecipeChoice | None:
    """Chooses the ranking for users without a history by its MRR in split eval.

    The alternatives to the query tower are the popularity in each of the trailing windows. The
    first events of users are often on popular items, and there may be too few of them to train the
    query tower. The query tower is kept unless an alternative is better by more than the noise: the
    mean difference of the reciprocal ranks, over the same users, is above STANDARD_ERRORS standard
    errors. Of several such alternatives, the one with the highest MRR is chosen.

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
    of_tower = _reciprocal_ranks(_query_embeddings(towers, train_data), candidates, targets)
    shares = temporal.numpy()[: towers.num_items, : len(TRAILING_PERIODS)]
    of_windows = [reciprocal_ranks_of_one_ranking(share, targets) for share in shares.T]
    chosen = _better_alternative(of_tower, of_windows)
    if chosen is not None:
        weights = np.zeros(temporal.shape[1], np.float32)
        weights[chosen] = 1.0
        towers.query_tower.set_cold_start_weights(weights)
    value = QUERY_TOWER if chosen is None else window_name(TRAILING_PERIODS[chosen])
    return RecipeChoice(KEY, value, _reason(of_tower, of_windows))


def _better_alternative(
    default: npt.NDArray[np.float64], alternatives: list[npt.NDArray[np.float64]]
) -> int | None:
    """Returns the index of the best alternative that exceeds the default by more than the noise.

    Args:
      default: [num_users] reciprocal ranks.
      alternatives: The reciprocal ranks of each alternative for the same users.

    Returns:
      The index; None if there is no such alternative.
    """
    better = []
    for index, values in enumerate(alternatives):
        mean, error = _paired_difference(values, default)
        if mean > STANDARD_ERRORS * error:
            better.append(index)
    return max(better, key=lambda index: alternatives[index].mean(), default=None)


def _paired_difference(
    values: npt.NDArray[np.float64], default: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Returns the mean of the differences by user, and its standard error."""
    difference = values - default
    return float(difference.mean()), float(difference.std(ddof=1)) / math.sqrt(len(difference))


def _reason(of_tower: npt.NDArray[np.float64], of_windows: list[npt.NDArray[np.float64]]) -> str:
    """Lists the MRR of each ranking, and the differences from the query tower."""
    compared = []
    for periods, values in zip(TRAILING_PERIODS, of_windows, strict=True):
        mean, error = _paired_difference(values, of_tower)
        compared.append(
            f"{window_name(periods)} {values.mean():.4f} (difference {mean:+.4f}, standard error "
            f"{error:.4f})"
        )
    return (
        f"MRR on the first events of {len(of_tower)} new users of split eval: {QUERY_TOWER} "
        f"{of_tower.mean():.4f}, {', '.join(compared)}; another ranking than that of the "
        f"{QUERY_TOWER} is chosen if its difference is above {STANDARD_ERRORS:.2f} standard errors"
    )


def _query_embeddings(towers: RetrievalTowers, train_data: TrainData) -> npt.NDArray[np.float32]:
    """Returns the [num_users, width] query embeddings for users without a history."""
    batch = one_batch(train_data.new_users)
    rows = batch[ROW]
    positions = np.stack([np.arange(len(rows)), np.zeros(len(rows), np.int64)], axis=1)
    vectors = towers.item_vectors(rows[:, 0])[:, np.newaxis]
    inputs = query_inputs(batch, towers.features)
    return towers.query_embeddings(positions, vectors, inputs).numpy()


def _reciprocal_ranks(
    queries: npt.NDArray[np.float32],
    candidates: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int32],
) -> npt.NDArray[np.float64]:
    """Returns the [num_queries] reciprocal ranks of the targets; a target is last among ties.

    Args:
      queries: [num_queries, width].
      candidates: [num_items, width].
      targets: [num_queries] rows of the candidate table.
    """
    ranks = np.empty(len(queries), np.int64)
    block = max(1, _PAIRS_PER_BLOCK // len(candidates))
    for start in range(0, len(queries), block):
        rows = slice(start, start + block)
        scores = queries[rows] @ candidates.T
        target_scores = np.take_along_axis(scores, targets[rows, np.newaxis], axis=1)
        ranks[rows] = np.count_nonzero(scores >= target_scores, axis=1)
    return 1.0 / ranks


def reciprocal_ranks_of_one_ranking(
    scores: npt.NDArray[np.float32], targets: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Returns the [num_targets] reciprocal ranks if all queries have the same scores.

    The items are sorted once, because a comparison of each target with all items would take
    num_targets * num_items bytes.

    Args:
      scores: [num_items] float32.
      targets: [num_targets] rows of the candidate table.
    """
    ranks = len(scores) - np.searchsorted(np.sort(scores), scores[targets])
    return 1.0 / ranks
