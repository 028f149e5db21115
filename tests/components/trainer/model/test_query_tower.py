"""The query tower: the inputs that a query depends on, and queries without past events."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from components.trainer.model.query_tower import QueryTower
from components.trainer.time.popularity import NUM_FEATURES
from tests.components.trainer.plans import encoder_plan, model_plan

RNG = np.random.default_rng(8)
BATCH, LENGTH, DIM, REQUEST = 2, 14, 8, 5
PLAN = model_plan(dim=DIM, hidden_dim=8, encoder=encoder_plan(num_heads=2, num_blocks=1))


def normal(*shape: int) -> npt.NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def tower() -> QueryTower:
    layer = QueryTower(PLAN, popularity_weight=1.0)
    layer(normal(1, 2, DIM), normal(1, 2, REQUEST), tf.constant([[0, 1]]))
    layer.set_weights([normal(*w.shape) if w.trainable else w.numpy() for w in layer.weights])
    return layer


def queries(
    tower: QueryTower, events: npt.NDArray[np.float32], num_past: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    requests = rng.normal(size=(BATCH, LENGTH, REQUEST)).astype(np.float32)
    return tower(events, requests, tf.constant(num_past)).numpy()


def test_a_query_without_past_events_depends_on_its_request_only(tower: QueryTower) -> None:
    num_past = np.tile(np.arange(LENGTH), [BATCH, 1])
    num_past[1] = 0

    first, other = (queries(tower, normal(BATCH, LENGTH, DIM), num_past) for _ in range(2))

    assert first.shape == (BATCH, LENGTH, DIM + NUM_FEATURES)
    np.testing.assert_array_equal(first[1], other[1])
    np.testing.assert_array_equal(first[0, 0], other[0, 0])
    assert np.abs(first[0, 1:] - other[0, 1:]).max(axis=1).min() > 1e-3


def test_a_query_does_not_depend_on_its_own_event_or_later_ones(tower: QueryTower) -> None:
    num_past = np.tile(np.arange(LENGTH), [BATCH, 1])
    events = normal(BATCH, LENGTH, DIM)
    later = events.copy()
    later[:, 5:, 0] += (
        3.0  # one channel, because layer normalisation removes a change of all channels
    )

    difference = np.abs(queries(tower, events, num_past) - queries(tower, later, num_past))

    np.testing.assert_array_equal(difference[:, :6], 0.0)
    assert difference[:, 6].max() > 1e-3


def test_cold_start_weights_replace_queries_without_past_events(tower: QueryTower) -> None:
    num_past = np.tile(np.arange(LENGTH), [BATCH, 1])
    events = normal(BATCH, LENGTH, DIM)
    before = queries(tower, events, num_past)

    weights = [0.0, 2.0] + [0.0] * (NUM_FEATURES - 2)
    tower.set_cold_start_weights(np.array(weights, np.float32))

    after = queries(tower, events, num_past)
    np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
    np.testing.assert_array_equal(after[:, 0], [[0.0] * DIM + weights] * BATCH)
