"""A running average of the weights, which is validated and served in place of the weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import tensorflow as tf

# In the first steps the average covers fewer weights, and gives the latest ones more weight.
_WARM_UP_STEPS = 10.0


class WeightAverage:
    """A running average of trainable weights, and its best value so far.

    The average of the weights over the last steps generalises better than the final weights (Polyak
    and Juditsky, 1992; Izmailov et al., 2018). It costs one pass over the weights per step.

    Attributes:
      average: The average of each weight, a variable.
      best: The best average of each weight, a variable.
    """

    def __init__(self, weights: Sequence[tf.Variable], reach_steps: float):
        """Initialises the average with the present weights.

        Args:
          weights: The trainable weights of a model.
          reach_steps: The number of recent steps that the average covers; 1 or less means the
            latest weights alone.
        """
        self._weights = list(weights)
        self.average = [_copy_of(weight) for weight in weights]
        self.best = [_copy_of(weight) for weight in weights]
        self._decay = 1.0 - 1.0 / max(1.0, reach_steps)
        self._blend = tf.function(self._blended, autograph=False)

    def update(self, num_steps: int) -> None:
        """Includes the weights of the latest step; `num_steps` is the number of steps so far."""
        decay = min(self._decay, num_steps / (_WARM_UP_STEPS + num_steps))
        self._blend(tf.constant(decay, tf.float32))

    @contextmanager
    def in_model(self) -> Iterator[None]:
        """Puts the average into the model for the duration of a block."""
        trained = [tf.identity(weight) for weight in self._weights]
        _assign(self._weights, self.average)
        try:
            yield
        finally:
            _assign(self._weights, trained)

    def keep(self) -> None:
        """Keeps the present average as the best one."""
        _assign(self.best, self.average)

    def restore_best(self) -> None:
        """Puts the best average into the model."""
        _assign(self._weights, self.best)

    def _blended(self, decay: tf.Tensor) -> None:
        for average, weight in zip(self.average, self._weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)


def _copy_of(weight: tf.Variable) -> tf.Variable:
    return tf.Variable(weight, trainable=False)


def _assign(variables: Sequence[tf.Variable], values: Sequence[tf.Variable | tf.Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
