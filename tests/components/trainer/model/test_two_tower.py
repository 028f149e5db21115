"""The loss of a batch of windows, compared with NumPy implementations of the losses."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.data import windows
from components.trainer.losses import sampled_negatives
from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.similarity import candidate_to_query
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.time.first_seen import AppearanceTimes
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import NUM_FEATURES, RecentPopularity
from schemas.model_settings import Loss, Similarity
from schemas.transformed import IS_NEGATIVE
from tests.components.trainer.model.small_models import (
    ALL_ROWS,
    COUNTS,
    DIM,
    NEGATIVE_FEATURES,
    NUM_ITEMS,
    ROWS,
    WEIGHT,
    batch_of,
    embeddings_of,
    model_of,
)
from tests.components.trainer.plans import train_plan

RNG = np.random.default_rng(3)
IN_BATCH_ONLY = {"in_batch_negatives": 256, "catalogue_negatives": 0}
POPULARITY = RecentPopularity(
    RNG.integers(NUM_ITEMS, size=640).astype(np.int32), np.arange(640), np.full(NUM_ITEMS, -1)
)


def mean_violation(values: npt.NDArray[np.float32]) -> float:
    violating = values[values > 0]
    return float(violating.mean()) if len(violating) else 0.0


def expected_losses(
    loss: Loss,
    scores: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    users: npt.NDArray[np.int64],
    frequency: npt.NDArray[np.float64],
    margin: float,
) -> list[float]:
    """Returns the loss of each query over its in-batch negatives, by its definition."""
    losses = []
    for score, row, user in zip(scores, rows, users, strict=True):
        negatives = rows[users != user]
        if loss == "sampled_softmax":
            # The number of negatives is a constant for each query.
            logits = score - np.log(frequency)
            losses.append(np.log(np.exp(logits[[*negatives, row]]).sum()) - logits[row])
            continue
        negatives = negatives[~np.isin(negatives, ROWS[user])]
        if loss == "contrastive":
            violation = mean_violation(score[negatives] - margin)
            losses.append(max(0.0, 1.0 - score[row]) + violation)
        else:
            losses.append(mean_violation(margin - score[row] + score[negatives]))
    return losses


@pytest.mark.parametrize("loss", ["sampled_softmax", "contrastive", "triplet"])
@pytest.mark.parametrize("similarity", ["dot", "cosine", "euclidean"])
def test_a_loss_over_in_batch_negatives_equals_its_definition(
    loss: Loss, similarity: Similarity
) -> None:
    plan = train_plan(loss=loss, temperature=0.5, margin=0.4, **IN_BATCH_ONLY)
    model = model_of(plan, similarity=similarity)

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    frequency = (COUNTS + 1) / (COUNTS + 1).sum()
    rows, weights = ROWS[WEIGHT > 0], WEIGHT[WEIGHT > 0]
    users = np.nonzero(WEIGHT)[0]
    scores = queries @ candidates.T / 0.5
    losses = expected_losses(loss, scores, rows, users, frequency, plan.margin)
    assert value.numpy() == pytest.approx(np.average(losses, weights=weights), rel=1e-4)
    assert model.mean_loss.result().numpy() == pytest.approx(value.numpy(), rel=1e-6)


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "contrastive", "triplet"])
@pytest.mark.parametrize("popularity", [None, POPULARITY])
def test_negative_feedback_is_a_negative_of_later_targets(
    loss: Loss, popularity: RecentPopularity | None
) -> None:
    """The difference of two weights of the term is the term by its definition."""
    rows, weight = np.array([[3, 4, 5, 3, 12], [6, 7, 8, 7, 9]]), np.zeros((2, 5))
    weight[0, 2], weight[1, 2], weight[1, 4] = 1.0, 2.0, 0.5
    # Item 4 is disliked before the target 5, and item 6 before 8. Item 7 is liked after a dislike.
    states = np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 2]])
    expected_pairs = [(0, 5, [4]), (1, 8, [6, 7]), (2, 9, [6])]
    batch = {**batch_of(rows, weight), IS_NEGATIVE: tf.constant(states)}
    losses, embedded = [], None
    for negative_weight in (0.0, 3.0):
        tf.keras.utils.set_random_seed(1)
        plan = train_plan(loss=loss, temperature=0.5, negative_weight=negative_weight)
        model = model_of(plan, popularity, features=NEGATIVE_FEATURES)
        losses.append(float(model.compute_loss(batch)))
        vectors = tf.reshape(
            model.towers.item_vectors(tf.reshape(batch[windows.ROW], [-1])), [*rows.shape, -1]
        )
        positions = tf.constant(np.argwhere(weight > 0))
        inputs = query_inputs(batch, NEGATIVE_FEATURES)
        queries = model.towers.query_embeddings(positions, vectors, inputs).numpy()[:, :DIM]
        embedded = queries, model.towers.catalogue_embeddings().numpy()[:, :DIM]

    assert embedded is not None
    scores = embedded[0] @ embedded[1].T / 0.5
    terms = [
        np.mean([np.log1p(np.exp(scores[q, row] - scores[q, target])) for row in disliked])
        for q, target, disliked in expected_pairs
    ]
    expected = 3.0 * np.average(terms, weights=[1.0, 2.0, 0.5])
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("popularity", [None, POPULARITY])
@pytest.mark.parametrize("similarity", ["dot", "euclidean"])
def test_popularity_does_not_count_for_similar_items(
    similarity: Similarity, popularity: RecentPopularity | None
) -> None:
    model = model_of(train_plan(), popularity, similarity=similarity)
    items = RNG.normal(size=(3, model.towers.width)).astype(np.float32)
    num_temporal = 0 if popularity is None else NUM_FEATURES

    queries = model.towers.similar_item_queries(tf.constant(items)).numpy()

    content = items[:, : model.towers.width - num_temporal]
    expected = candidate_to_query(tf.constant(content), similarity)
    np.testing.assert_array_equal(queries[:, : content.shape[1]], expected)
    np.testing.assert_array_equal(queries[:, content.shape[1] :], np.zeros((3, num_temporal)))


def test_a_drawn_item_is_no_negative_before_it_appears() -> None:
    late = np.where(np.arange(NUM_ITEMS) == 4, 10**9, 0)
    appearances = AppearanceTimes(np.array([0], np.int32), np.array([0]), late)
    plan = train_plan(loss="sampled_softmax", catalogue_negatives=NUM_ITEMS)
    loss = build_loss(plan, TrainingItems(COUNTS, ALL_ROWS, ItemDynamics(appearances=appearances)))
    width = model_of(plan).towers.width
    queries, items = (
        tf.constant(RNG.normal(size=(count, width)).astype(np.float32)) for count in (1, NUM_ITEMS)
    )
    targets = TargetQueries(queries, [1.0], [0], tf.constant([5], tf.int64), tf.constant(0))
    candidates = ScoredItems(tf.range(NUM_ITEMS), items, tf.range(NUM_ITEMS))

    value = loss(targets, candidates).numpy()

    # All items are drawn, each once, so that no score is corrected.
    powers = np.exp((queries @ tf.transpose(items))[0].numpy())
    others = [row for row in range(1, NUM_ITEMS) if row != 4]
    assert value == pytest.approx(np.log((powers[0] + powers[others].sum()) / powers[0]), rel=1e-4)


@pytest.mark.parametrize("popularity", [None, POPULARITY])
def test_full_softmax_uses_the_embeddings_of_the_export(
    popularity: RecentPopularity | None,
) -> None:
    model = model_of(train_plan(), popularity)

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    scores = queries @ candidates.T
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(scores)), ROWS[WEIGHT > 0]]
    assert value.numpy() == pytest.approx(np.average(losses, weights=WEIGHT[WEIGHT > 0]), rel=1e-4)
    assert queries.shape[1] == candidates.shape[1] == model.towers.width


@pytest.mark.parametrize("training", [False, True])
def test_sampled_softmax_supports_time_dependent_items(training: bool) -> None:
    model = model_of(train_plan(loss="sampled_softmax", catalogue_negatives=4), POPULARITY)

    assert model.compute_loss(batch_of(ROWS, WEIGHT), training=training) > 0.0


@pytest.mark.parametrize("temperature", [1.0, 0.05])
def test_an_untrained_model_ranks_by_popularity_for_new_users(temperature: float) -> None:
    model = model_of(train_plan(temperature=temperature), POPULARITY)

    queries, candidates = embeddings_of(model, ROWS[:, :1], np.ones((2, 1)))

    temporal = model.towers.temporal_features()
    assert temporal is not None
    share = temporal.numpy()[:NUM_ITEMS, 0]
    np.testing.assert_allclose(queries @ candidates.T / temperature, [share] * 2, atol=1e-4)


def test_hard_negatives_are_those_with_the_highest_scores() -> None:
    model = model_of(train_plan(loss="triplet", margin=10.0, hard_negatives=1, **IN_BATCH_ONLY))

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    scores, rows, users = queries @ candidates.T, ROWS[WEIGHT > 0], np.nonzero(WEIGHT)[0]
    # The targets of the other user, without the items of the query's user.
    negatives = [[5], [0, 2]]
    losses = [
        10.0 - score[row] + score[negatives[user]].max()
        for score, row, user in zip(scores, rows, users, strict=True)
    ]
    assert value.numpy() == pytest.approx(np.average(losses, weights=WEIGHT[WEIGHT > 0]), rel=1e-4)


@pytest.mark.parametrize("loss", ["sampled_softmax", "contrastive", "triplet"])
def test_the_loss_does_not_depend_on_the_size_of_groups(
    loss: Loss, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(train_plan(loss=loss, in_batch_negatives=3, catalogue_negatives=4))
    batch = batch_of(
        np.array([[0, 1], [2, 3], [4, 5]]), np.array([[1.0, 1.0], [0.0, 2.0], [0.5, 1.0]])
    )
    whole = model.compute_loss(batch).numpy()

    monkeypatch.setattr(sampled_negatives, "_LARGEST_GROUP", 2)

    assert whole > 0.0
    assert model.compute_loss(batch).numpy() == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("loss", ["sampled_softmax", "contrastive", "triplet"])
def test_targets_of_a_user_are_no_negatives_of_each_other(loss: Loss) -> None:
    # Every negative violates this margin.
    margin = -9.0 if loss == "contrastive" else 9.0
    model = model_of(train_plan(loss=loss, margin=margin, **IN_BATCH_ONLY))
    rows, weight = np.array([[0, 1], [2, 3]]), np.ones((2, 2))
    batch = batch_of(rows, weight)
    losses = {}
    # The index 3 is that of unknown users.
    for users in ([0, 1], [0, 0], [3, 3]):
        user_id = tf.constant(users, tf.int64)
        losses[tuple(users)] = model.compute_loss({**batch, "user_id": user_id}).numpy()

    without_negatives = 0.0
    if loss == "contrastive":
        queries, candidates = embeddings_of(model, rows, weight)
        without_negatives = np.mean(1.0 - (queries @ candidates.T)[range(4), range(4)])
    assert losses[0, 0] == pytest.approx(without_negatives, abs=1e-6)
    assert losses[0, 1] == losses[3, 3] > without_negatives + 0.1


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "contrastive", "triplet"])
def test_the_loss_of_a_batch_without_targets_is_0(loss: Loss) -> None:
    model = model_of(train_plan(loss=loss))

    assert model.compute_loss(batch_of(np.array([[0, 1]]), np.zeros((1, 2)))) == 0.0


def test_one_target_has_drawn_negatives_in_training() -> None:
    model = model_of(train_plan(loss="sampled_softmax", catalogue_negatives=4))

    loss = model.compute_loss(batch_of(np.array([[3]]), np.ones((1, 1))), training=True)

    assert loss > 0.0


def test_a_compiled_step_has_the_same_loss_and_gradients() -> None:
    plain, compiled = model_of(train_plan()), model_of(train_plan(), compiled=True)
    batch = batch_of(ROWS, WEIGHT)
    plain.compute_loss(batch)
    compiled.compute_loss(batch)
    compiled.set_weights(plain.get_weights())

    def loss_and_gradients(
        model: TwoTowerModel,
    ) -> tuple[float, list[npt.NDArray[np.float32]]]:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(batch)
        all_gradients = tape.gradient(loss, model.trainable_variables)
        gradients = [tf.convert_to_tensor(g).numpy() for g in all_gradients if g is not None]
        return loss.numpy(), gradients

    loss, gradients = loss_and_gradients(plain)
    compiled_loss, compiled_gradients = loss_and_gradients(compiled)
    assert compiled_loss == pytest.approx(loss, rel=1e-5)
    for compiled_gradient, gradient in zip(compiled_gradients, gradients, strict=True):
        np.testing.assert_allclose(compiled_gradient, gradient, atol=1e-5)
