"""The loss of a batch beside NumPy, for each loss over a pool."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.data.candidates import TransformedCatalogue, candidate_table
from components.trainer.data.features import InputFeature, TowerFeatures
from components.trainer.losses.negatives import NegativePool
from components.trainer.losses.pooled import PooledLoss
from components.trainer.losses.targets import Candidates, Targets
from components.trainer.model.query_inputs import query_inputs
from components.trainer.model.similarity import item_as_query
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import EncoderPlan, ModelPlan, TrainPlan
from components.trainer.time.first_seen import Availability
from components.trainer.time.items_in_time import ItemsInTime
from components.trainer.time.popularity import NUM_FEATURES, RecentPopularity
from schemas.source_settings import FeatureKind

RNG = np.random.default_rng(3)
NUM_ITEMS = 12
DIM = 8
ITEM_ID = np.array([f"i{row}".encode() for row in range(NUM_ITEMS)], dtype=object)
NO_CATALOGUE = TransformedCatalogue(np.array([], dtype=object), np.array([], np.int64), {})
ALL_ROWS = np.arange(NUM_ITEMS, dtype=np.int32)
COUNTS = np.arange(NUM_ITEMS)[::-1] * 3
FEATURES = TowerFeatures(
    user_id=InputFeature("user_id", FeatureKind.CATEGORY, 3),
    user=(),
    context=(),
    outcome=(),
    item=(),
)
ROWS = np.array([[0, 1, 2, 2], [1, 5, 12, 12]])
WEIGHT = np.array([[1.0, 0.0, 2.0, 1.0], [1.0, 0.5, 0.0, 0.0]])
POPULARITY = RecentPopularity(
    RNG.integers(NUM_ITEMS, size=640).astype(np.int32), np.arange(640), np.full(NUM_ITEMS, -1)
)


def model_of(
    train: TrainPlan,
    popularity: RecentPopularity | None = None,
    compiled: bool = False,
    **model: object,
) -> TwoTowerModel:
    table = candidate_table(list(ITEM_ID), NO_CATALOGUE, ())
    plan = ModelPlan(dim=DIM, encoder=EncoderPlan(num_heads=2), **model)  # type: ignore[arg-type]
    pool = NegativePool(COUNTS, train.catalogue_negatives, ALL_ROWS, train.negative_sampling)
    return TwoTowerModel(
        FEATURES, table, pool, ItemsInTime(popularity), plan, train, compiled=compiled
    )


def batch_of(rows: np.ndarray, weight: np.ndarray) -> dict[str, tf.Tensor]:
    return {
        "user_id": tf.range(len(rows), dtype=tf.int64),
        "row": tf.constant(rows, tf.int32),
        "weight": tf.constant(weight, tf.float32),
        "timestamp": tf.constant(np.arange(rows.size).reshape(rows.shape) * 60, tf.int64),
    }


def embeddings_of(
    model: TwoTowerModel, rows: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Queries of the targets and candidates, by the path that the export takes."""
    batch = batch_of(rows, weight)
    vectors = tf.reshape(model.item_vectors(tf.reshape(batch["row"], [-1])), [*rows.shape, -1])
    positions = tf.constant(np.argwhere(weight > 0))
    queries = model.queries_of(positions, vectors, query_inputs(batch, FEATURES))
    return queries.numpy(), model.candidate_embeddings().numpy()


def mean_violation(values: np.ndarray) -> float:
    violating = values[values > 0]
    return violating.mean() if len(violating) else 0.0


def expected_losses(
    loss: str, scores: np.ndarray, rows: np.ndarray, frequency: np.ndarray, margin: float
) -> list[float]:
    """By query: a loss over one pool of in-batch negatives, by its definition."""
    losses = []
    for score, row in zip(scores, rows, strict=True):
        is_negative = rows != row  # an accidental hit is no negative
        if loss == "sampled_softmax":
            logits = score - np.log(frequency)
            negatives = np.exp(logits[rows[is_negative]]).sum()
            losses.append(np.log(negatives + np.exp(logits[row])) - logits[row])
        elif loss == "contrastive":
            above = score[rows[is_negative]] - margin
            losses.append(1.0 - score[row] + mean_violation(above))
        else:
            violation = margin - score[row] + score[rows[is_negative]]
            losses.append(mean_violation(violation))
    return losses


@pytest.mark.parametrize("loss", ["sampled_softmax", "contrastive", "triplet"])
@pytest.mark.parametrize("similarity", ["dot", "cosine", "euclidean"])
def test_a_loss_over_the_batch_is_its_definition(loss: str, similarity: str) -> None:
    plan = TrainPlan(loss=loss, temperature=0.5, margin=0.4)  # type: ignore[arg-type]
    model = model_of(plan, similarity=similarity)

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    frequency = (COUNTS + 1) / (COUNTS + 1).sum()
    rows, weights = ROWS[WEIGHT > 0], WEIGHT[WEIGHT > 0]
    losses = expected_losses(loss, queries @ candidates.T / 0.5, rows, frequency, plan.margin)
    assert value.numpy() == pytest.approx(np.average(losses, weights=weights), rel=1e-4)
    assert model.mean_loss.result().numpy() == pytest.approx(value.numpy(), rel=1e-6)


@pytest.mark.parametrize("popularity", [None, POPULARITY])
@pytest.mark.parametrize("similarity", ["dot", "euclidean"])
def test_popularity_makes_no_items_alike(
    similarity: str, popularity: RecentPopularity | None
) -> None:
    model = model_of(TrainPlan(), popularity, similarity=similarity)
    items = RNG.normal(size=(3, model.width)).astype(np.float32)
    num_moving = 0 if popularity is None else NUM_FEATURES

    queries = model.queries_of_items(tf.constant(items)).numpy()

    alike = items[:, : model.width - num_moving]
    expected = item_as_query(tf.constant(alike), similarity)  # type: ignore[arg-type]
    np.testing.assert_array_equal(queries[:, : alike.shape[1]], expected)
    np.testing.assert_array_equal(queries[:, alike.shape[1] :], np.zeros((3, num_moving)))


def test_drawn_items_are_no_negatives_before_they_are_there() -> None:
    late = np.where(np.arange(NUM_ITEMS) == 4, 10**9, 0)
    logged = np.array([0], np.int32), np.array([0]), late
    plan = TrainPlan(loss="sampled_softmax", catalogue_negatives=NUM_ITEMS)
    pool = NegativePool(COUNTS, NUM_ITEMS, np.arange(NUM_ITEMS))
    width = model_of(plan).width
    queries, items = (
        tf.constant(RNG.normal(size=(count, width)).astype(np.float32)) for count in (1, NUM_ITEMS)
    )
    targets = Targets(queries, [1.0], [0], tf.constant([5], tf.int64), tf.constant(0))
    candidates = Candidates(tf.range(NUM_ITEMS), items, tf.range(NUM_ITEMS))

    in_time = ItemsInTime(availability=Availability(*logged))
    loss = PooledLoss(pool, plan, in_time)(targets, candidates).numpy()

    probability = pool.probability(tf.range(NUM_ITEMS), tf.constant(1), tf.constant(NUM_ITEMS))
    logits = (queries @ tf.transpose(items))[0] - tf.math.log(probability)
    others = [row for row in range(1, NUM_ITEMS) if row != 4]
    powers = np.exp(logits.numpy())
    assert loss == pytest.approx(np.log((powers[0] + powers[others].sum()) / powers[0]), rel=1e-4)


@pytest.mark.parametrize("popularity", [None, POPULARITY])
def test_full_softmax_ranks_what_the_export_ranks(popularity: RecentPopularity | None) -> None:
    model = model_of(TrainPlan(), popularity)

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    scores = queries @ candidates.T
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(scores)), ROWS[WEIGHT > 0]]
    assert value.numpy() == pytest.approx(np.average(losses, weights=WEIGHT[WEIGHT > 0]), rel=1e-4)
    assert queries.shape[1] == candidates.shape[1] == model.width


@pytest.mark.parametrize("training", [False, True])
def test_a_pool_goes_with_items_that_move(training: bool) -> None:
    model = model_of(TrainPlan(loss="sampled_softmax", catalogue_negatives=4), POPULARITY)

    assert model.compute_loss(batch_of(ROWS, WEIGHT), training=training) > 0.0


@pytest.mark.parametrize("temperature", [1.0, 0.05])
def test_an_untrained_model_gives_new_users_what_is_popular(temperature: float) -> None:
    model = model_of(TrainPlan(temperature=temperature), POPULARITY)

    queries, candidates = embeddings_of(model, ROWS[:, :1], np.ones((2, 1)))

    share = model.moving_features().numpy()[:NUM_ITEMS, 0]
    np.testing.assert_allclose(queries @ candidates.T / temperature, [share] * 2, atol=1e-4)


def test_only_the_hardest_negatives_count() -> None:
    model = model_of(TrainPlan(loss="triplet", margin=10.0, hard_negatives=1))

    value = model.compute_loss(batch_of(ROWS, WEIGHT))

    queries, candidates = embeddings_of(model, ROWS, WEIGHT)
    scores, rows = queries @ candidates.T, ROWS[WEIGHT > 0]
    losses = [10.0 - s[r] + s[rows[rows != r]].max() for s, r in zip(scores, rows, strict=True)]
    assert value.numpy() == pytest.approx(np.average(losses, weights=WEIGHT[WEIGHT > 0]), rel=1e-4)


def test_groups_of_negatives_split_the_sum_not_the_targets() -> None:
    rows, weight = np.array([[0, 1, 2, 3, 4]]), np.ones((1, 5))
    plan = TrainPlan(loss="sampled_softmax")
    whole = model_of(plan)
    grouped = model_of(TrainPlan(loss="sampled_softmax", in_batch_negatives=2))
    batch = batch_of(rows, weight)
    whole.compute_loss(batch)
    grouped.compute_loss(batch)
    grouped.set_weights(whole.get_weights())

    parts = []
    for targets in ([0, 1], [2, 3], [4]):
        part = np.zeros((1, 5))
        part[0, targets] = 1.0
        parts.append(len(targets) * whole.compute_loss(batch_of(rows, part)).numpy())

    assert grouped.compute_loss(batch).numpy() == pytest.approx(sum(parts) / 5, rel=1e-5)
    assert parts[-1] == pytest.approx(0.0, abs=1e-6)  # a lone target has no negatives


@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax", "contrastive", "triplet"])
def test_a_batch_without_targets_costs_nothing(loss: str) -> None:
    model = model_of(TrainPlan(loss=loss))  # type: ignore[arg-type]

    assert model.compute_loss(batch_of(np.array([[0, 1]]), np.zeros((1, 2)))) == 0.0


def test_training_with_one_window_has_drawn_negatives() -> None:
    model = model_of(TrainPlan(loss="sampled_softmax", catalogue_negatives=4))

    loss = model.compute_loss(batch_of(np.array([[3]]), np.ones((1, 1))), training=True)

    assert loss > 0.0


def test_a_compiled_step_has_the_loss_and_gradients_of_a_plain_one() -> None:
    plain, compiled = model_of(TrainPlan()), model_of(TrainPlan(), compiled=True)
    batch = batch_of(ROWS, WEIGHT)
    plain.compute_loss(batch)
    compiled.compute_loss(batch)
    compiled.set_weights(plain.get_weights())

    def gradients(model: TwoTowerModel) -> tuple[float, list[np.ndarray]]:
        with tf.GradientTape() as tape:
            loss = model.compute_loss(batch)
        found = tape.gradient(loss, model.trainable_variables)
        return loss.numpy(), [tf.convert_to_tensor(g).numpy() for g in found if g is not None]

    (loss, expected), (compiled_loss, found) = gradients(plain), gradients(compiled)
    assert compiled_loss == pytest.approx(loss, rel=1e-5)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_separate_tables_are_two() -> None:
    model = model_of(TrainPlan(), share_item_table=False)
    model.compute_loss(batch_of(ROWS, WEIGHT))

    assert not model.items.are_shared
    names = [weight.name for weight in model.serving_weights]
    assert any("of_history" in name for name in names)
    assert any("of_candidates" in name for name in names)


def test_a_window_without_history_asks_as_a_new_user() -> None:
    model = model_of(TrainPlan(history_dropout=0.999999, feature_dropout=0.0, id_dropout=0.0))
    seen = query_inputs(batch_of(ROWS, WEIGHT), FEATURES)
    vectors = tf.reshape(model.item_vectors(tf.reshape(ROWS, [-1])), [*ROWS.shape, -1])
    other = vectors + tf.constant(RNG.normal(size=vectors.shape), tf.float32)
    hidden = tf.constant([True, False])

    first, changed = (
        model.query_tower(*model._embedded(x, seen, hidden)).numpy() for x in (vectors, other)
    )

    np.testing.assert_array_equal(first[0], changed[0])
    assert np.abs(first[1] - changed[1]).max() > 1e-4


def test_validation_ranks_no_item_of_the_history() -> None:
    rows, weight = np.array([[0, 1, 2, 3]]), np.array([[0.0, 0.0, 0.0, 1.0]])
    ranks = {}
    for excludes in (True, False):
        model = model_of(TrainPlan())
        model.excludes_history = excludes
        batch = batch_of(rows, weight)
        model.compute_loss(batch)
        # the query's own direction: its three past items score above the target, no other does
        query, _ = embeddings_of(model, rows, weight)
        length = np.zeros(NUM_ITEMS)
        length[[0, 1, 2, 3]] = [4.0, 3.0, 2.0, 1.0]
        model.recall.refill(tf.constant(length[:, np.newaxis] * query, tf.float32))
        model.reset_metrics()
        model.compute_loss(batch)
        ranks[excludes] = [float(value) for value in model.recall.result()]

    assert ranks[True] == [1.0, 1.0, 1.0]  # recall at 1, 5 and 10
    assert ranks[False] == [0.0, 1.0, 1.0]
