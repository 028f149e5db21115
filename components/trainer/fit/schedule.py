"""The learning rate's course, by steps or by time, whichever is further."""

import math
import time

import tf_keras as keras

_LAST_SHARE = 0.05


class WarmUpThenCosine(keras.callbacks.Callback):
    """Rises over half an epoch, then falls by half a cosine to a twentieth (Loshchilov, 2017).

    Where time is limited and will end before the epochs, the fall follows the time: a training
    that is cut off at a high rate is worth much less.
    """

    def __init__(
        self, peak: float, steps_per_epoch: int, max_epochs: int, max_seconds: float | None
    ):
        """`peak` is the rate at the end of the rise."""
        super().__init__()
        self._peak = peak
        self._rise = max(1.0, steps_per_epoch / 2)
        self._steps = steps_per_epoch * max_epochs
        self._max_seconds = max_seconds
        self._step = 0
        self._started = 0.0

    def rate(self, step: int, elapsed_s: float) -> float:
        """The learning rate of a step, counted from 0, so many seconds after the first."""
        done = step / self._steps
        if self._max_seconds is not None:
            done = max(done, elapsed_s / self._max_seconds)
        fall = 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
        rise = min(1.0, (step + 1) / self._rise)
        return self._peak * rise * (_LAST_SHARE + (1.0 - _LAST_SHARE) * fall)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Sets the rate of the step to come."""
        elapsed_s = time.monotonic() - self._started
        self.model.optimizer.learning_rate.assign(self.rate(self._step, elapsed_s))
        self._step += 1
