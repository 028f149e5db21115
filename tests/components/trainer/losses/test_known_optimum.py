"""A toy log whose true probabilities are known: the sampled softmax is lowest at them.

Two groups of users prefer one half of the items each, and each user has a burst of targets. The
model has one parameter: a number that is added to the scores of the preferred items of a query.
Its other scores are the logarithms of the true probabilities, so that its optimum is 0.
"""

from typing import get_args

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq

from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.seeds import step_seed
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.model_settings import NegativeSampling
from tests.components.trainer.plans import train_plan

NUM_ITEMS, NUM_STEPS = 40, 30
# Users and targets of a step.
NUM_USERS, NUM_TARGETS = 64, 512
IS_PREFERRED = np.repeat(np.eye(2), NUM_ITEMS // 2, axis=1)
WITHIN = np.tile(1.0 / np.arange(1, NUM_ITEMS // 2 + 1), 2)
PROBABILITY = np.where(IS_PREFERRED, 0.9, 0.1) * WITHIN / WITHIN[: NUM_ITEMS // 2].sum()
COUNTS = (PROBABILITY.mean(axis=0) * 1e6).astype(np.int64)


def best_offset(
    in_batch: int,
    catalogue: int,
    sampling: NegativeSampling,
    knows_users: bool = True,
    num_users: int = NUM_USERS,
) -> float:
    """Returns the parameter at which the loss of a fixed sample of steps is lowest."""
    plan = train_plan(
        loss="sampled_softmax",
        in_batch_negatives=in_batch,
        catalogue_negatives=catalogue,
        negative_sampling=sampling,
    )
    all_items = TrainingItems(COUNTS, np.arange(NUM_ITEMS, dtype=np.int32), ItemDynamics())
    loss = build_loss(plan, all_items)
    rng = np.random.default_rng(5)
    users = np.repeat(np.arange(num_users, dtype=np.int32), NUM_TARGETS // num_users)
    groups = rng.integers(2, size=(NUM_STEPS, num_users))[:, users]
    draws = rng.random((NUM_STEPS, len(users), 1))
    rows = (draws > np.cumsum(PROBABILITY, axis=1)[groups]).sum(-1).clip(max=NUM_ITEMS - 1)
    steps = [
        (
            tf.constant(group),
            tf.constant(row, tf.int32),
            loss.sampler.draw(step_seed(5, tf.constant(number))),
        )
        for number, (group, row) in enumerate(zip(groups, rows, strict=True))
    ]

    @tf.function(autograph=False)
    def slope(
        offset: tf.Tensor, group: tf.Tensor, row: tf.Tensor, negatives: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(offset)
            scores = tf.constant(np.log(PROBABILITY), tf.float32) + offset * IS_PREFERRED
            targets = TargetQueries(
                tf.one_hot(group, 2),
                tf.ones([len(users)]),
                row,
                tf.zeros([len(users)], tf.int64),
                tf.constant(0),
                tf.constant(users) if knows_users else None,
            )
            items = ScoredItems(tf.range(NUM_ITEMS), tf.transpose(scores), negatives)
            value = loss(targets, items)
        return tape.gradient(value, offset)

    def mean_slope(offset: float) -> float:
        at = tf.constant(offset)
        return float(np.mean([slope(at, *step) for step in steps]))

    return float(brentq(mean_slope, -2.0, 2.0, xtol=1e-2))


# The standard deviation over random steps is about 0.02.
TOLERANCE = 0.06


@pytest.mark.parametrize("in_batch", [128, 512])
def test_in_batch_negatives_of_many_users_hardly_change_the_optimum(in_batch: int) -> None:
    assert best_offset(in_batch, 0, "uniform") == pytest.approx(0.0, abs=TOLERANCE)


def test_in_batch_negatives_of_few_users_change_the_optimum() -> None:
    """The negatives of one user are alike, and the frequencies of a step are not those of the log.

    The recipe therefore chooses no in-batch negatives.
    """
    assert best_offset(512, 0, "uniform", num_users=4) > 0.3
    assert best_offset(512, 0, "uniform", knows_users=False, num_users=4) < -0.1


@pytest.mark.parametrize("num_users", [16, NUM_USERS])
def test_targets_of_the_same_user_as_negatives_would_lower_the_optimum(num_users: int) -> None:
    """One in `num_users` negatives is from the user's own distribution, with a known optimum."""
    share = 1 / num_users
    preferred, other = (0.5 * (1 - share) + share * own for own in (0.9, 0.1))

    known, unknown = (best_offset(512, 0, "uniform", knows, num_users) for knows in (True, False))

    assert unknown - known == pytest.approx(np.log(other / preferred), abs=0.03)


@pytest.mark.parametrize("num_users", [4, NUM_USERS])
@pytest.mark.parametrize("sampling", get_args(NegativeSampling))
def test_negatives_of_the_catalogue_do_not_change_the_optimum(
    sampling: NegativeSampling, num_users: int
) -> None:
    offset = best_offset(0, 30, sampling, num_users=num_users)
    assert offset == pytest.approx(0.0, abs=2 * TOLERANCE if num_users == 4 else TOLERANCE)


def test_both_kinds_of_negatives_do_not_change_the_optimum() -> None:
    assert best_offset(128, 30, "mixed") == pytest.approx(0.0, abs=TOLERANCE)
