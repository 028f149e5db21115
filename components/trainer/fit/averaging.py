"""A running average of the weights, which is validated and served in place of the weights."""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from components.progress import progress

# In the first steps the average covers fewer weights, and gives the latest ones more weight.
_WARM_UP_STEPS = 10.0


class BestAverage(keras.callbacks.Callback):
    """Keeps a running average of the weights, validates it, and restores the best average.

    The average of the weights over the last steps generalises better than the final weights (Polyak
    and Juditsky, 1992; Izmailov et al., 2018). It costs one pass over the weights per step.

    Attributes:
      best_epoch: The epoch of the best average, from 1; None before the end of the first epoch.
    """

    def __init__(self, reach_steps: float, monitor: str | None, patience: int):
        """Prepares the average.

        Args:
          reach_steps: The number of recent steps that the average covers; 1 or less means the
            latest weights alone.
          monitor: The validation metric to maximise; if None, the last epoch is the best.
          patience: Training ends after this number of epochs without a better one.
        """
        super().__init__()
        self.best_epoch: int | None = None
        self._decay = 1.0 - 1.0 / max(1.0, reach_steps)
        self._monitor = monitor
        self._patience = patience
        self._best_value = -np.inf
        self._best_weights: list[npt.NDArray[Any]] = []
        self._steps = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Initialises the average with the initial weights."""
        self._weights = self.model.trainable_weights
        self._average = [tf.Variable(weight, trainable=False) for weight in self._weights]
        self._update = tf.function(self._updated, autograph=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Updates the average."""
        self._steps += 1
        decay = min(self._decay, self._steps / (_WARM_UP_STEPS + self._steps))
        self._update(tf.constant(decay, tf.float32))

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Puts the average into the model."""
        self._trained = [weight.numpy() for weight in self._weights]
        self._assign([average.numpy() for average in self._average])

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Puts the trained weights back into the model."""
        self._assign(self._trained)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the average if it is the best so far; ends training after `patience` epochs."""
        value = (logs or {}).get(self._monitor, np.nan) if self._monitor else float(epoch)
        if value > self._best_value or self.best_epoch is None:
            self._best_value, self.best_epoch = value, epoch + 1
            self._best_weights = [average.numpy() for average in self._average]
        elif epoch + 1 - self.best_epoch >= self._patience:
            progress.info(
                "training ends: no epoch was better than epoch %d in the last %d (train.patience)",
                self.best_epoch,
                self._patience,
            )
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Puts the best average into the model."""
        if self._best_weights:
            self._assign(self._best_weights)

    def _updated(self, decay: tf.Tensor) -> None:
        for average, weight in zip(self._average, self._weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)

    def _assign(self, values: list[npt.NDArray[Any]]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)
