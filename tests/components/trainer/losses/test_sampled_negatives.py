"""The losses over a pool of negatives, compared with NumPy implementations."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.losses.base import RetrievalLoss, ScoredItems, TargetQueries
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.losses.full_softmax import FullSoftmaxLoss
from components.trainer.losses.negative_sampler import NegativeSampler
from components.trainer.losses.sampled_negatives import SampledNegativesLoss
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.model_settings import Loss
from tests.components.trainer.plans import train_plan

RNG = np.random.default_rng(8)
NUM_ITEMS, TEMPERATURE, MARGIN = 7, 0.5, 0.4
COUNTS = np.array([9, 0, 3, 5, 1, 2, 4])
ALL_ROWS = np.arange(NUM_ITEMS, dtype=np.int32)
SCORES = RNG.normal(size=(6, NUM_ITEMS)).astype(np.float32)
WEIGHTS = RNG.uniform(0.5, 2.0, 6).astype(np.float32)
ROWS, USERS = np.array([0, 3, 0, 5, 2, 3]), np.array([0, 0, 1, 1, 2, 3])
DRAWN = [0, 4, 3, 0]
# Users and items; item 4 is no target.
PAIRS = np.array([[0, 0], [0, 3], [1, 0], [1, 5], [1, 4], [2, 2], [3, 3]], np.int32)


def step(rows: npt.NDArray[np.int64], drawn: list[int]) -> tuple[TargetQueries, ScoredItems]:
    """Returns a step in which the score of query i for item j is SCORES[i, j]."""
    targets = TargetQueries(
        tf.eye(len(rows)),
        tf.constant(WEIGHTS),
        tf.constant(rows, tf.int32),
        tf.zeros([len(rows)], tf.int64),
        tf.constant(0),
        tf.constant(USERS, tf.int32),
    )
    embeddings = tf.transpose(tf.constant(SCORES))
    items = ScoredItems(tf.range(NUM_ITEMS), embeddings, tf.constant(drawn), tf.constant(PAIRS))
    return targets, items


def loss_of(name: Loss, in_batch: int, catalogue: int, sampling: str = "mixed") -> RetrievalLoss:
    plan = train_plan(
        loss=name,
        in_batch_negatives=in_batch,
        catalogue_negatives=catalogue,
        negative_sampling=sampling,
        temperature=TEMPERATURE,
        margin=MARGIN,
    )
    return build_loss(plan, TrainingItems(COUNTS, ALL_ROWS, ItemDynamics()))


def test_the_sampled_softmax_corrects_by_the_negatives_of_each_query() -> None:
    value = loss_of("sampled_softmax", in_batch=4, catalogue=4)(*step(ROWS, DRAWN)).numpy()

    popularity = (COUNTS + 1) / (COUNTS + 1).sum()
    draw_share = 0.5 * popularity + 0.5 / NUM_ITEMS
    in_batch, expected = [0, 1, 3, 4], 0.0
    for query, (row, user, weight) in enumerate(zip(ROWS, USERS, WEIGHTS, strict=True)):
        others = [ROWS[other] for other in in_batch if USERS[other] != user]
        count = len(others) * popularity + len(DRAWN) * draw_share
        logits = SCORES[query] / TEMPERATURE - np.log(count)
        # Both kinds of negatives may be the target's own item.
        powers = np.exp(logits[[row, *others, *DRAWN]]).sum()
        expected += weight * (np.log(powers) - logits[row])
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["contrastive", "triplet"])
def test_items_of_the_user_are_no_negatives_of_a_loss_with_a_margin(name: Loss) -> None:
    value = loss_of(name, in_batch=4, catalogue=4)(*step(ROWS, DRAWN)).numpy()

    in_batch, expected = [0, 1, 3, 4], 0.0
    for query, (row, user, weight) in enumerate(zip(ROWS, USERS, WEIGHTS, strict=True)):
        known = PAIRS[PAIRS[:, 0] == user, 1]
        rows = [ROWS[other] for other in in_batch if USERS[other] != user] + DRAWN
        negatives = [negative for negative in rows if negative not in known]
        score = SCORES[query] / TEMPERATURE
        base = MARGIN if name == "contrastive" else score[row] - MARGIN
        violations = [score[n] - base for n in negatives if score[n] > base]
        loss = max(0.0, 1.0 - score[row]) if name == "contrastive" else 0.0
        expected += weight * (loss + (np.mean(violations) if violations else 0.0))
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("in_batch", [0, 4])
def test_the_sampled_softmax_of_all_items_is_the_full_softmax(in_batch: int) -> None:
    full = FullSoftmaxLoss(TEMPERATURE, NUM_ITEMS, ItemDynamics())
    targets, items = step(ROWS, list(ALL_ROWS))

    value = loss_of("sampled_softmax", in_batch, catalogue=NUM_ITEMS)(targets, items).numpy()

    assert value == pytest.approx(full(targets, items).numpy(), rel=1e-5)


@pytest.mark.parametrize("in_batch", [0, 4])
def test_the_correction_is_exact_for_a_catalogue_of_ten_million_items(in_batch: int) -> None:
    """Most items have a probability of about 1e-7, which TFRS would replace by 1e-6."""
    num_items, num_drawn = 10_000_000, len(DRAWN)
    counts = (2e6 / np.arange(1.0, num_items + 1)).astype(np.int64)
    sampler = NegativeSampler(counts, num_drawn, np.arange(num_items, dtype=np.int32), "mixed")
    cross_entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, reduction=keras.losses.Reduction.SUM
    )
    loss = SampledNegativesLoss(
        cross_entropy, sampler, ItemDynamics(), in_batch, TEMPERATURE, corrects_sampling_bias=True
    )
    large_rows = np.geomspace(1, num_items, NUM_ITEMS).astype(np.int64) - 1
    share = (counts[large_rows] + 1.0) / (counts.sum() + num_items)
    targets, items = step(ROWS, DRAWN)

    value = loss(targets, items._replace(rows=tf.constant(large_rows, tf.int32))).numpy()

    expected = 0.0
    for query, (row, user, weight) in enumerate(zip(ROWS, USERS, WEIGHTS, strict=True)):
        others = [ROWS[n] for n in [0, 1, 3, 4][:in_batch] if USERS[n] != user]
        expected_count = len(others) * share + num_drawn * (0.5 * share + 0.5 / num_items)
        logits = SCORES[query] / TEMPERATURE - np.log(expected_count)
        powers = np.exp(logits[[row, *others, *DRAWN]]).sum()
        expected += weight * (np.log(powers) - logits[row])
    assert value == pytest.approx(expected, rel=1e-5)


def test_hard_negatives_of_a_softmax_are_no_items_of_the_user() -> None:
    plan = train_plan(loss="sampled_softmax", catalogue_negatives=4, hard_negatives=2)
    loss = build_loss(plan, TrainingItems(COUNTS, ALL_ROWS, ItemDynamics()))

    value = loss(*step(ROWS, DRAWN)).numpy()

    expected = 0.0
    for query, (row, user, weight) in enumerate(zip(ROWS, USERS, WEIGHTS, strict=True)):
        # Drawn uniformly, so that all items have the same correction.
        known = PAIRS[PAIRS[:, 0] == user, 1]
        negatives = sorted(SCORES[query, n] for n in DRAWN if n not in known)[-2:]
        powers = np.exp([*negatives, SCORES[query, row]]).sum()
        expected += weight * (np.log(powers) - SCORES[query, row])
    assert value == pytest.approx(expected, rel=1e-5)
