"""Which items validation leaves out of the ranking of a query."""

import numpy as np
import tensorflow as tf

from components.trainer.model.excluded_rows import excluded_rows
from schemas.transformed import IS_NEGATIVE
from tests.components.trainer.model.small_models import (
    NEGATIVE_FEATURES,
    NUM_ITEMS,
    batch_of,
    embeddings_of,
    model_of,
)
from tests.components.trainer.plans import train_plan


def test_validation_does_not_rank_items_of_the_history() -> None:
    rows, weight = np.array([[0, 1, 2, 3]]), np.array([[0.0, 0.0, 0.0, 1.0]])
    ranks = {}
    for excludes in (True, False):
        model = model_of(train_plan(), excludes_history=excludes)
        batch = batch_of(rows, weight)
        model.compute_loss(batch)
        # multiples of the query: only its three past items score above the target
        query, _ = embeddings_of(model, rows, weight)
        length = np.zeros(NUM_ITEMS)
        length[[0, 1, 2, 3]] = [4.0, 3.0, 2.0, 1.0]
        model.recall.refill(tf.constant(length[:, np.newaxis] * query, tf.float32))
        model.reset_metrics()
        model.compute_loss(batch)
        ranks[excludes] = [float(value) for value in model.recall.result()]

    assert ranks[True] == [1.0, 1.0, 1.0]  # recall at 1, 5 and 10
    assert ranks[False] == [0.0, 1.0, 1.0]


def test_validation_does_not_rank_items_with_negative_feedback() -> None:
    rows, weight = np.array([[0, 1, 2, 3]]), np.array([[0.0, 0.0, 0.0, 1.0]])
    model = model_of(train_plan(), excludes_history=False, features=NEGATIVE_FEATURES)
    batch = {**batch_of(rows, weight), IS_NEGATIVE: tf.constant([[1, 0, 1, 1]])}

    excluded = excluded_rows(tf.constant([[0, 3]], tf.int64), batch, model.towers)

    assert excluded is not None
    assert excluded.numpy().tolist() == [[0, NUM_ITEMS, 2, NUM_ITEMS]]
    always = model_of(train_plan(), excludes_history=False)
    assert excluded_rows(tf.constant([[0, 3]], tf.int64), batch, always.towers) is None
