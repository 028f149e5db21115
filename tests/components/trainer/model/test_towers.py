"""The towers: tables of items, and queries whose history is hidden."""

import numpy as np
import tensorflow as tf

from components.trainer.model.query_inputs import query_inputs
from tests.components.trainer.model.small_models import FEATURES, ROWS, WEIGHT, batch_of, model_of
from tests.components.trainer.plans import train_plan


def test_separate_item_tables_have_separate_weights() -> None:
    model = model_of(train_plan(), share_item_table=False)
    model.compute_loss(batch_of(ROWS, WEIGHT))

    assert not model.towers.items.is_shared
    names = [weight.name for weight in model.towers.weights]
    assert any("of_history" in name for name in names)
    assert any("of_candidates" in name for name in names)


def test_queries_without_history_depend_on_no_item() -> None:
    model = model_of(train_plan(history_dropout=0.999999, feature_dropout=0.0, id_dropout=0.0))
    inputs = query_inputs(batch_of(ROWS, WEIGHT), FEATURES)
    towers = model.towers
    vectors = tf.reshape(towers.item_vectors(tf.reshape(ROWS, [-1])), [*ROWS.shape, -1])
    other = vectors + np.random.default_rng(3).normal(size=vectors.shape).astype(np.float32)
    hidden = tf.constant([True, False])

    first, changed = (
        towers.query_tower(*towers.query_tower_inputs(x, inputs, hidden)).numpy()
        for x in (vectors, other)
    )

    np.testing.assert_array_equal(first[0], changed[0])
    assert np.abs(first[1] - changed[1]).max() > 1e-4
