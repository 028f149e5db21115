"""The time limit of a training, which must suffice for one epoch."""

import math
import statistics

from components.progress import about, progress
from schemas.errors import InputError

# The duration of an epoch is estimated after this share of its steps, but not from fewer steps than
# the following. In the first steps of each shape, TensorFlow traces and compiles functions.
_MEASURED_SHARE = 0.01
_FEWEST_MEASURED_STEPS = 32


class TimeLimit:
    """Decides when the training ends, and whether the limit suffices for the first epoch."""

    def __init__(self, max_seconds: float | None, steps_per_epoch: int):
        """`max_seconds` is the limit of training and validation; None means no limit."""
        self._max_seconds = math.inf if max_seconds is None else max_seconds
        self._steps = steps_per_epoch
        self._measured = max(_FEWEST_MEASURED_STEPS, math.ceil(_MEASURED_SHARE * steps_per_epoch))
        self._durations: list[float] = []
        self._last_s: float | None = None

    def is_over(self, elapsed_s: float) -> bool:
        """Returns whether the training has taken longer than the limit."""
        return elapsed_s > self._max_seconds

    def check_first_epoch(self, step: int, elapsed_s: float) -> None:
        """Checks the limit after a step of the first epoch.

        Args:
          step: The number of finished steps of the epoch.
          elapsed_s: The duration of the training.

        Raises:
          InputError: The epoch will take longer than the limit.
        """
        if self._max_seconds == math.inf or step == self._steps:
            return
        if self._last_s is not None:
            self._durations.append(elapsed_s - self._last_s)
        self._last_s = elapsed_s
        is_over = self.is_over(elapsed_s)
        if len(self._durations) < self._measured and not is_over:
            return
        if len(self._durations) > self._measured:
            if is_over:
                progress.warning(
                    "the training has seen only %.0f%% of the targets once: train.max_seconds "
                    "(%g) is too small for an epoch; raise it",
                    100.0 * step / self._steps,
                    self._max_seconds,
                )
            return
        step_s = statistics.median(self._durations or [elapsed_s])
        epoch_s = elapsed_s + (self._steps - step) * step_s
        if is_over or epoch_s > self._max_seconds:
            raise InputError(
                f"train.max_seconds is {self._max_seconds:g}, but one epoch takes "
                f"{about(epoch_s)}: it has {self._steps} steps, of which {step} took "
                f"{elapsed_s:.1f} s, with a median of {step_s:.3f} s each; set train.max_seconds "
                f"to at least {math.ceil(2 * epoch_s)} (two epochs), or to null"
            )
