"""Dense updates equal Keras's Adam; sparse updates equal their definition in NumPy."""

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.data.features import InputFeature
from components.trainer.fit.optimizer import RowWiseAdam, large_tables
from components.trainer.model.embeddings import FeatureEmbedding, embedding
from schemas.source_settings import FeatureKind

RATE, BETA_1, BETA_2, EPSILON = 0.1, 0.9, 0.98, 1e-7
RNG = np.random.default_rng(7)
NUM_ROWS, DIM = 5, 3
INITIAL = RNG.normal(size=(NUM_ROWS, DIM)).astype(np.float32)


def trained(
    optimizer: keras.optimizers.Optimizer, table: tf.Variable, steps: list[list[int]]
) -> npt.NDArray[np.float64]:
    """Returns the table after one step for each list of rows, which may repeat a row."""
    generator = np.random.default_rng(3)
    optimizer.build([table])
    for rows in steps:
        values = generator.normal(size=(len(rows), DIM)).astype(np.float32)
        gradient = tf.IndexedSlices(values, tf.constant(rows), tf.constant([NUM_ROWS, DIM]))
        optimizer.apply_gradients([(gradient, table)])
    return table.numpy()


def sparse_adam(steps: list[list[int]], clip_norm: float | None) -> npt.NDArray[np.float64]:
    """Returns the table after the steps, by the definition of the sparse update."""
    generator = np.random.default_rng(3)
    table = INITIAL.astype(np.float64)
    m, v, last_step = np.zeros_like(table), np.zeros_like(table), np.zeros(NUM_ROWS)
    for step, rows in enumerate(steps, start=1):
        gradient = np.zeros_like(table)
        np.add.at(gradient, rows, generator.normal(size=(len(rows), DIM)).astype(np.float32))
        norm = np.linalg.norm(gradient)
        if clip_norm is not None and norm > clip_norm:
            gradient *= clip_norm / norm
        for row in set(rows):
            skipped = step - last_step[row]
            m[row] = BETA_1**skipped * m[row] + (1 - BETA_1) * gradient[row]
            v[row] = BETA_2**skipped * v[row] + (1 - BETA_2) * gradient[row] ** 2
            rate = RATE * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
            table[row] -= rate * m[row] / (np.sqrt(v[row]) + EPSILON)
            last_step[row] = step
    return table


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_a_sparse_table_gets_the_update_of_the_definition(clip_norm: float | None) -> None:
    steps = [[0, 1, 1], [3], [1, 3, 3, 3], [4], [0, 4]]
    table = tf.Variable(INITIAL)

    result = trained(RowWiseAdam(RATE, BETA_2, clip_norm, sparse=[table]), table, steps)

    np.testing.assert_allclose(result, sparse_adam(steps, clip_norm), rtol=1e-5, atol=1e-6)
    assert (result[2] == INITIAL[2]).all()


def test_sparse_updates_equal_dense_ones_if_every_step_touches_every_row() -> None:
    steps = [list(RNG.permutation(NUM_ROWS)) for _ in range(6)]
    table, dense = tf.Variable(INITIAL), tf.Variable(INITIAL)

    result = trained(RowWiseAdam(RATE, BETA_2, 1.0, sparse=[table]), table, steps)

    expected = trained(
        keras.optimizers.Adam(RATE, beta_2=BETA_2, global_clipnorm=1.0), dense, steps
    )
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_the_moments_of_a_sparse_row_are_those_of_dense_updates() -> None:
    steps = [[0, 1], [1], [1], [2, 1], [0]]
    table, dense = tf.Variable(INITIAL), tf.Variable(INITIAL)
    sparse_adam, dense_adam = RowWiseAdam(RATE, BETA_2, sparse=[table]), RowWiseAdam(RATE, BETA_2)

    trained(sparse_adam, table, steps)
    trained(dense_adam, dense, steps)

    for sparse_moment, moment in zip(
        (sparse_adam._momentums[0], sparse_adam._velocities[0]),
        (dense_adam._momentums[0], dense_adam._velocities[0]),
        strict=True,
    ):
        np.testing.assert_allclose(sparse_moment.numpy()[0], moment.numpy()[0], rtol=1e-5)


def test_dense_updates_equal_those_of_keras() -> None:
    steps = [[0, 1, 1], [3], [1, 3], [4], [0, 4]]
    table, expected = tf.Variable(INITIAL), tf.Variable(INITIAL)

    result = trained(RowWiseAdam(RATE, BETA_2), table, steps)

    adam = keras.optimizers.Adam(RATE, beta_2=BETA_2)
    np.testing.assert_allclose(result, trained(adam, expected, steps), rtol=1e-5, atol=1e-6)


def test_the_global_norm_counts_a_row_once_however_often_it_is_gathered() -> None:
    table = tf.Variable(INITIAL)
    optimizer = RowWiseAdam(RATE, BETA_2, global_clipnorm=1.0)
    gradient = tf.IndexedSlices(tf.ones([4, DIM]), [2, 2, 2, 2], [NUM_ROWS, DIM])
    optimizer.build([table])

    optimizer.apply_gradients([(gradient, table)])

    clipped = np.ones(DIM) / np.sqrt(DIM)
    momentum = optimizer._momentums[0].numpy()[2]
    np.testing.assert_allclose(momentum, clipped * (1 - BETA_1), rtol=1e-5)


def test_large_tables_are_sparse_unless_they_are_of_bags() -> None:
    class Tables(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.ids = embedding(10_001, DIM, "ids")
            self.small = embedding(800, DIM, "small")
            bag = InputFeature("tags", FeatureKind.CATEGORIES, 50_000)
            category = InputFeature("brand", FeatureKind.CATEGORY, 50_000)
            self.of_features = [FeatureEmbedding(bag, DIM), FeatureEmbedding(category, DIM)]

    model = Tables()
    for layer in model.submodules:
        if isinstance(layer, keras.layers.Embedding):
            layer.build(None)

    tables = large_tables(model, rows_per_step=100)

    expected = [model.ids, model.of_features[1].table]
    assert {id(table) for table in tables} == {id(layer.embeddings) for layer in expected}
