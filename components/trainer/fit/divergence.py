"""Errors that end a diverging training at once."""

import math
from collections.abc import Iterable

import tensorflow as tf

from components.trainer.plan import TrainPlan


class TrainingDivergedError(RuntimeError):
    """A loss or a weight is not finite."""


class DivergenceCheck:
    """Raises an error at the first loss or weight that is not finite."""

    def __init__(self, plan: TrainPlan, steps_per_epoch: int):
        """`plan` contains the values that the errors name."""
        self._plan = plan
        self._steps = steps_per_epoch
        self._last_finite: float | None = None

    def check_loss(self, loss: float, epoch: int, step: int) -> None:
        """Checks the mean loss of an epoch after one of its steps; both are counted from 1.

        Raises:
          TrainingDivergedError: The loss is not finite.
        """
        if math.isfinite(loss):
            self._last_finite = loss
            return
        raise TrainingDivergedError(
            f"training diverged at epoch {epoch}, step {step} of {self._steps}: the loss is "
            f"{loss}; {self._before}; {self._remedy}"
        )

    def check_weights(self, weights: Iterable[tf.Variable], epoch: int, step: int) -> None:
        """Checks the weights after a step; its loss is computed before its update.

        Raises:
          TrainingDivergedError: A weight is not finite.
        """
        for weight in weights:
            if not tf.reduce_all(tf.math.is_finite(weight)):
                raise TrainingDivergedError(
                    f"training diverged at epoch {epoch}, step {step} of {self._steps}: "
                    f"{weight.name} is not finite after this step; {self._before}; {self._remedy}"
                )

    def check_validation_loss(self, loss: float, epoch: int) -> None:
        """Checks the validation loss of an epoch, counted from 1.

        Raises:
          TrainingDivergedError: The loss is not finite.
        """
        if not math.isfinite(loss):
            raise TrainingDivergedError(
                f"training diverged at epoch {epoch}: the validation loss is {loss}; in "
                f"training, {self._before}; {self._remedy}, or look for extreme numbers in the "
                "features of split eval"
            )

    @property
    def _before(self) -> str:
        if self._last_finite is None:
            return "no step had a finite loss"
        return f"the last finite loss is {self._last_finite:.3f}"

    @property
    def _remedy(self) -> str:
        return (
            f"lower train.learning_rate (now {self._plan.learning_rate:g}) or raise "
            f"train.temperature (now {self._plan.temperature:g})"
        )
