"""Averaged weights: what is validated, kept where it is best, and served."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.progress import progress

# The first steps' average is of few weights: it follows them more closely.
_WARM_UP_STEPS = 10.0


class BestAverage(keras.callbacks.Callback):
    """Keeps a running average of the weights, validates it, and ends training with its best.

    The average of the weights along the way generalises better than the last of them (Polyak and
    Juditsky, 1992; Izmailov et al., 2018), at the cost of one pass over them a step.

    Attributes:
      best_epoch: The epoch that the final weights are of, from 1; None before the first.
    """

    def __init__(self, reach_steps: float, monitor: str | None, patience: int):
        """Prepares.

        Args:
          reach_steps: How many steps the average reaches back; at most 1 is no average.
          monitor: The validation metric to maximise; None takes the last epoch as the best.
          patience: Ends training after so many epochs without a better one.
        """
        super().__init__()
        self.best_epoch: int | None = None
        self._decay = 1.0 - 1.0 / max(1.0, reach_steps)
        self._monitor = monitor
        self._patience = patience
        self._best_value = -np.inf
        self._best_weights: list[np.ndarray] = []
        self._steps = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the average where the weights start."""
        self._weights = self.model.trainable_weights
        self._average = [tf.Variable(weight, trainable=False) for weight in self._weights]
        self._move = tf.function(self._moved, autograph=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Moves the average towards the weights."""
        self._steps += 1
        decay = min(self._decay, self._steps / (_WARM_UP_STEPS + self._steps))
        self._move(tf.constant(decay, tf.float32))

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Puts the average in the model's place."""
        self._trained = [weight.numpy() for weight in self._weights]
        self._put([average.numpy() for average in self._average])

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Puts the trained weights back."""
        self._put(self._trained)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keeps the average if it is the best so far; stops where none was for long."""
        value = (logs or {}).get(self._monitor, np.nan) if self._monitor else float(epoch)
        if value > self._best_value or self.best_epoch is None:
            self._best_value, self.best_epoch = value, epoch + 1
            self._best_weights = [average.numpy() for average in self._average]
        elif epoch + 1 - self.best_epoch >= self._patience:
            progress.info(
                "no better epoch than %d in the last %d (train.patience): training ends",
                self.best_epoch,
                self._patience,
            )
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leaves the best weights in the model."""
        if self._best_weights:
            self._put(self._best_weights)

    def _moved(self, decay: tf.Tensor) -> None:
        for average, weight in zip(self._average, self._weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)

    def _put(self, values: list[np.ndarray]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)
