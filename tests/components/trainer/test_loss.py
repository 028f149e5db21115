"""The loss of a batch beside NumPy, and what the pool of negatives promises."""

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.candidates import TransformedCatalogue, candidate_table
from components.trainer.features import InputFeature, TowerFeatures
from components.trainer.model import TwoTowerModel
from components.trainer.negatives import NegativePool
from components.trainer.windows import query_inputs
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from schemas.source_settings import FeatureKind

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


def model_of(train: TrainSettings) -> TwoTowerModel:
    table = candidate_table(list(ITEM_ID), NO_CATALOGUE, ())
    sizes = ModelSettings(dim=DIM, encoder=EncoderSettings(num_heads=2))
    pool = NegativePool(COUNTS, train.uniform_negatives, ALL_ROWS)
    return TwoTowerModel(FEATURES, table, pool, sizes, train)


def batch_of(rows: np.ndarray, weight: np.ndarray) -> dict[str, tf.Tensor]:
    return {
        "user_id": tf.range(len(rows), dtype=tf.int64),
        "row": tf.constant(rows, tf.int32),
        "weight": tf.constant(weight, tf.float32),
        "timestamp": tf.constant(np.arange(rows.size).reshape(rows.shape) * 60, tf.int64),
    }


def expected_loss(
    queries: np.ndarray,
    candidates: np.ndarray,
    rows: np.ndarray,
    weights: np.ndarray,
    temperature: float,
) -> float:
    """Softmax cross-entropy with logQ over one pool of in-batch negatives, by its definition."""
    frequency = (COUNTS + 1) / (COUNTS + 1).sum()
    total = 0.0
    for query, row, weight in zip(queries, rows, weights, strict=True):
        logits = candidates[rows] @ query / temperature - np.log(frequency[rows])
        positive = candidates[row] @ query / temperature - np.log(frequency[row])
        negatives = logits[rows != row]  # an accidental hit is no negative
        total += weight * (np.log(np.exp(negatives).sum() + np.exp(positive)) - positive)
    return total / weights.sum()


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_loss_is_the_weighted_softmax_with_logq(temperature: float) -> None:
    model = model_of(TrainSettings(temperature=temperature))
    rows = np.array([[0, 1, 2], [1, 5, 12]])
    weight = np.array([[1.0, 0.0, 2.0], [1.0, 0.5, 0.0]])
    batch = batch_of(rows, weight)
    loss = model.compute_loss(batch)

    positions = np.argwhere(weight > 0)
    seen = query_inputs(batch, FEATURES)
    vectors = tf.reshape(model.item_vectors(tf.reshape(batch["row"], [-1])), [*rows.shape, DIM])
    queries = model.queries_at(tf.constant(positions), model.encode(vectors, seen.history), seen)
    expected = expected_loss(
        queries.numpy(),
        model.candidate_embeddings().numpy(),
        rows[weight > 0],
        weight[weight > 0],
        temperature,
    )

    assert loss.numpy() == pytest.approx(expected, rel=1e-5)
    assert model.mean_loss.result().numpy() == pytest.approx(expected, rel=1e-5)


def test_groups_of_negatives_split_the_sum_not_the_targets() -> None:
    rows, weight = np.array([[0, 1, 2, 3, 4]]), np.ones((1, 5))
    whole, grouped = model_of(TrainSettings()), model_of(TrainSettings(in_batch_negatives=2))
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


def test_a_batch_without_targets_costs_nothing() -> None:
    model = model_of(TrainSettings())

    assert model.compute_loss(batch_of(np.array([[0, 1]]), np.zeros((1, 2)))) == 0.0


def test_training_with_one_window_has_uniform_negatives() -> None:
    model = model_of(TrainSettings(uniform_negatives=4))

    loss = model.compute_loss(batch_of(np.array([[3]]), np.ones((1, 1))), training=True)

    assert loss > 0.0


def test_probability_mixes_both_sources() -> None:
    pool = NegativePool(np.array([8, 0]), num_uniform=1, eligible_rows=ALL_ROWS[:2])

    # smoothed frequencies 9/10 and 1/10; of 4 + 1 members 4 are drawn by frequency
    expected = [(4 * 0.9 + 1 / 2) / 5, (4 * 0.1 + 1 / 2) / 5]
    probability = pool.probability(tf.constant([0, 1]), tf.constant(4), tf.constant(1))
    np.testing.assert_allclose(probability, expected, rtol=1e-6)


def test_an_item_without_targets_has_a_probability() -> None:
    pool = NegativePool(np.array([5, 0]), num_uniform=0, eligible_rows=ALL_ROWS[:2])

    assert pool.probability(tf.constant([1]), tf.constant(3), tf.constant(0))[0] > 0.1


@pytest.mark.parametrize(("num_uniform", "expected"), [(9, 5), (5, 5), (2, 2), (0, 0)])
def test_a_small_catalogue_is_drawn_whole(num_uniform: int, expected: int) -> None:
    rows = NegativePool(np.ones(5), num_uniform, ALL_ROWS[:5]).draw().numpy()

    assert len(rows) == expected
    assert len(set(rows)) == 5 or num_uniform < 5


def test_only_eligible_items_are_drawn_and_only_they_have_a_uniform_share() -> None:
    eligible = np.array([1, 3], np.int32)
    counts = np.array([6, 0, 0, 0])

    # smoothed frequencies 7/10 and three times 1/10; of 4 + 1 members 4 are drawn by frequency
    pool = NegativePool(counts, 1, eligible)
    probability = pool.probability(tf.range(4), tf.constant(4), tf.constant(1))
    expected = [4 * 0.7 / 5, (4 * 0.1 + 1 / 2) / 5, 4 * 0.1 / 5, (4 * 0.1 + 1 / 2) / 5]
    np.testing.assert_allclose(probability, expected, rtol=1e-6)
    assert {int(pool.draw()[0]) for _ in range(50)} == {1, 3}
    assert NegativePool(counts, 9, eligible).draw().numpy().tolist() == [1, 3]


def test_no_eligible_item_means_no_uniform_negatives() -> None:
    pool = NegativePool(np.array([8, 0]), 3, np.array([], np.int32))

    assert pool.num_uniform == len(pool.draw()) == 0
    probability = pool.probability(tf.range(2), tf.constant(4), tf.constant(0))
    np.testing.assert_allclose(probability, [0.9, 0.1], rtol=1e-6)
