"""What users without a past are shown: what the model learnt, or plainly what is popular."""

import numpy as np

from components.trainer.data.batches import one_batch
from components.trainer.data.read import TrainData
from components.trainer.data.windows import ROW
from components.trainer.fit.recipe import Choice
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.time.popularity import TRAILING_PERIODS, window_name

KEY = "users without a past"
LEARNT = "what the model learnt"
# The mean reciprocal rank of fewer says nothing.
_MIN_USERS = 20
_BLOCK = 256


def settle_cold_start(model: TwoTowerModel, read: TrainData) -> Choice | None:
    """Gives new users what ranks best for those of split eval, by the mean reciprocal rank.

    New users often come for what is popular, and few of them teach a model little. Candidates are
    its own answer and the popularity over each of the trailing windows.

    Args:
      model: A trained model, changed in place.
      read: The data that it was trained on.

    Returns:
      What was chosen; None where there is no choice: items have no popularity, or split eval has
      hardly a new user.
    """
    num_users = len(read.newcomers)
    moving = model.moving_features()
    if moving is None or num_users < _MIN_USERS:
        return None
    targets = read.newcomers.events[ROW]
    candidates = model.candidate_embeddings().numpy()
    names = [LEARNT, *(window_name(periods) for periods in TRAILING_PERIODS)]
    answers = [_mean_reciprocal_rank(_queries(model, read), candidates, targets)]
    for window in range(len(TRAILING_PERIODS)):
        share = moving.numpy()[: model.num_items, window]
        answers.append(float(np.mean(1.0 / _ranks(share[np.newaxis], targets))))
    best = int(np.argmax(answers))
    if best:
        weights = np.zeros(moving.shape[1], np.float32)
        weights[best - 1] = 1.0
        model.query_tower.answer_cold_by(weights)
    compared = ", ".join(f"{name} {mrr:.4f}" for name, mrr in zip(names, answers, strict=True))
    reason = f"MRR on the first events of {num_users} new users of split eval: {compared}"
    return Choice(KEY, names[best], reason)


def _queries(model: TwoTowerModel, read: TrainData) -> np.ndarray:
    """[num_users, width] float32: the model's own answers to users without a past."""
    batch = one_batch(read.newcomers)
    rows = batch[ROW]
    positions = np.stack([np.arange(len(rows)), np.zeros(len(rows), np.int64)], axis=1)
    vectors = model.item_vectors(rows[:, 0])[:, np.newaxis]
    return model.queries_of(positions, vectors, query_inputs(batch, model.features)).numpy()


def _mean_reciprocal_rank(
    queries: np.ndarray, candidates: np.ndarray, targets: np.ndarray
) -> float:
    reciprocal = 0.0
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        reciprocal += np.sum(1.0 / _ranks(queries[block] @ candidates.T, targets[block]))
    return float(reciprocal / len(queries))


def _ranks(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """[num_targets] ranks from 1, ties counted against; one row of scores may be of all."""
    of_target = np.broadcast_to(scores, (len(targets), scores.shape[1]))[
        np.arange(len(targets)), targets
    ]
    return np.count_nonzero(scores >= of_target[:, np.newaxis], axis=1)
