"""The learning rate schedule, by steps or by time, whichever is further advanced."""

import math

_FINAL_SHARE = 0.05


class WarmUpThenCosine:
    """Linear warm-up over half an epoch, then cosine decay to a twentieth (Loshchilov, 2017).

    If the time limit will be reached before the last epoch, the decay follows the time: a training
    that ends at a high learning rate gives a much worse model.
    """

    def __init__(
        self, peak: float, steps_per_epoch: int, max_epochs: int, max_seconds: float | None
    ):
        """Prepares the schedule.

        Args:
          peak: The learning rate at the end of the warm-up.
          steps_per_epoch: The number of training steps per epoch.
          max_epochs: The number of epochs of the whole schedule.
          max_seconds: The time limit of training; None means the schedule follows steps alone.
        """
        self._peak = peak
        self._warm_up_steps = max(1.0, steps_per_epoch / 2)
        self._steps = steps_per_epoch * max_epochs
        self._max_seconds = max_seconds

    def rate(self, step: int, elapsed_s: float) -> float:
        """Returns the learning rate of a step.

        Args:
          step: The number of steps before this one.
          elapsed_s: The seconds since the start of training.
        """
        done = step / self._steps
        if self._max_seconds is not None:
            done = max(done, elapsed_s / self._max_seconds)
        decay = 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
        warm_up = min(1.0, (step + 1) / self._warm_up_steps)
        return self._peak * warm_up * (_FINAL_SHARE + (1.0 - _FINAL_SHARE) * decay)
