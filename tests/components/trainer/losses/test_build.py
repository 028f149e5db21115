"""The loss of each `train.loss`."""

from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.losses.base import RetrievalLoss
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.losses.full_softmax import FullSoftmaxLoss
from components.trainer.losses.sampled_negatives import SampledNegativesLoss
from components.trainer.time.item_dynamics import ItemDynamics
from schemas.model_settings import Loss
from tests.components.trainer.plans import train_plan

NUM_ITEMS = 9
EVENT_ROWS = tf.constant([[4, 2, 4], [7, 9, 9]])  # row 9 is padding
COUNTS = np.array([0, 0, 4, 0, 0, 0, 0, 0, 0])
# Item 2 has targets, so that it is drawn although the catalogue states that it appears later.
ITEMS = TrainingItems(COUNTS, np.array([1, 3], np.int32), ItemDynamics())


def build(loss: Loss) -> RetrievalLoss:
    return build_loss(train_plan(loss=loss, catalogue_negatives=9), ITEMS)


@pytest.mark.parametrize("loss", get_args(Loss))
def test_every_loss_of_the_configuration_is_built(loss: Loss) -> None:
    expected = FullSoftmaxLoss if loss == "full_softmax" else SampledNegativesLoss

    assert type(build(loss)) is expected


@pytest.mark.parametrize("loss", get_args(Loss))
@pytest.mark.parametrize("seed", [None, (1, 2)])
def test_the_items_of_a_step_contain_every_event(loss: Loss, seed: tuple[int, int] | None) -> None:
    items = build(loss).step_items(EVENT_ROWS, seed)

    np.testing.assert_array_equal(tf.gather(items.rows, items.event_indices), EVENT_ROWS)


def test_full_softmax_scores_the_catalogue_without_the_unknown_item() -> None:
    items = build("full_softmax").step_items(EVENT_ROWS, (1, 2))

    assert items.rows.numpy().tolist() == list(range(NUM_ITEMS + 1))
    assert items.num_candidates == NUM_ITEMS
    assert len(items.negative_indices) == 0


@pytest.mark.parametrize("seed", [None, (1, 2)])
def test_negatives_are_items_that_are_available_or_have_targets(
    seed: tuple[int, int] | None,
) -> None:
    items = build("sampled_softmax").step_items(EVENT_ROWS, seed)

    assert items.num_candidates is None
    assert len(set(items.rows.numpy())) == len(items.rows)
    assert tf.gather(items.rows, items.negative_indices).numpy().tolist() == [1, 2, 3]
