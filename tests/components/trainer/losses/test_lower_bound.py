"""Every loss is at least 0, whatever the scores are."""

from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.trainer.losses.base import ScoredItems, TargetQueries
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.model_settings import Loss
from tests.components.trainer.plans import train_plan

NUM_QUERIES, NUM_ITEMS = 3, 5
ITEMS = TrainingItems(
    np.array([7, 0, 2, 1, 1]), np.arange(NUM_ITEMS, dtype=np.int32), ItemDynamics()
)
LOSSES = {
    name: build_loss(
        train_plan(loss=name, margin=0.5, in_batch_negatives=2, catalogue_negatives=3), ITEMS
    )
    for name in get_args(Loss)
}
# With time-dependent numbers of the items, also the scores of cosines are unbounded.
SCORES = arrays.arrays(
    np.float32, (NUM_QUERIES, NUM_ITEMS), elements=st.floats(-1e4, 1e4, width=32)
)


@pytest.mark.parametrize("name", get_args(Loss))
@given(scores=SCORES, target=st.lists(st.integers(0, NUM_ITEMS - 1), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_no_loss_is_below_0(name: Loss, scores: npt.NDArray[np.float32], target: list[int]) -> None:
    targets = TargetQueries(
        tf.eye(NUM_QUERIES),
        tf.constant([1.0, 0.5, 2.0]),
        tf.constant(target),
        tf.zeros([NUM_QUERIES], tf.int64),
        tf.constant(0),
        tf.constant([0, 1, 1]),
    )
    items = ScoredItems(
        tf.range(NUM_ITEMS), tf.transpose(tf.constant(scores)), tf.constant([1, 3, 3])
    )

    value = LOSSES[name](targets, items).numpy()

    # The cross-entropy of two equal logits of 1e4 can be minus a rounding error.
    assert np.isfinite(value)
    assert value >= -1e-2
