"""The errors of a diverging training."""

import math
from typing import Any

import pytest
import tensorflow as tf

from components.trainer.fit.divergence import DivergenceCheck, TrainingDivergedError
from components.trainer.plan import TrainPlan, build_plan
from schemas.model_settings import TrainSettings

CHOSEN: dict[str, Any] = {
    "loss": "full_softmax",
    "max_epochs": 3,
    "events_per_step": 10,
    "learning_rate": 0.5,
}


@pytest.fixture
def check() -> DivergenceCheck:
    return DivergenceCheck(build_plan(TrainPlan, CHOSEN, TrainSettings()), steps_per_epoch=20)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_the_error_names_epoch_step_last_finite_loss_and_remedy(
    check: DivergenceCheck, loss: float
) -> None:
    check.check_loss(2.5, epoch=2, step=4)

    with pytest.raises(
        TrainingDivergedError,
        match=rf"epoch 2, step 5 of 20: the loss is {loss}; the last finite loss is 2\.500; lower "
        r"train\.learning_rate \(now 0\.5\) or raise train\.temperature \(now 1\)",
    ):
        check.check_loss(loss, epoch=2, step=5)


def test_the_first_loss_has_no_finite_one_before(check: DivergenceCheck) -> None:
    with pytest.raises(TrainingDivergedError, match=r"step 1 of 20: .*no step had a finite loss"):
        check.check_loss(math.nan, epoch=1, step=1)


def test_a_weight_that_is_not_finite_is_named(check: DivergenceCheck) -> None:
    check.check_loss(2.5, epoch=1, step=7)
    weights = [tf.Variable([1.0, 2.0], name="first"), tf.Variable([1.0, math.inf], name="second")]
    check.check_weights(weights[:1], epoch=1, step=7)

    with pytest.raises(
        TrainingDivergedError,
        match=r"step 7 of 20: second.* is not finite .*last finite loss is 2\.5",
    ):
        check.check_weights(weights, epoch=1, step=7)


@pytest.mark.parametrize(
    ("losses", "before"),
    [((), "no step had a finite loss"), ((0.0,), r"the last finite loss is 0\.000")],
)
def test_a_validation_loss_that_is_not_finite_is_named_with_that_of_the_training(
    check: DivergenceCheck, losses: tuple[float, ...], before: str
) -> None:
    for loss in losses:
        check.check_loss(loss, epoch=1, step=1)

    with pytest.raises(
        TrainingDivergedError, match=rf"epoch 1: the validation loss is inf; .*{before}; lower"
    ):
        check.check_validation_loss(math.inf, epoch=1)
