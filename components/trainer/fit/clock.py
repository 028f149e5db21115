"""The clock of a training, which a resumed training continues."""

import time
from collections.abc import Callable


class TrainingClock:
    """Counts the seconds of a training, including those before it was resumed."""

    def __init__(self, elapsed_s: float = 0.0, agreed: Callable[[float], float] = float):
        """Starts the clock.

        Args:
          elapsed_s: The seconds before the start.
          agreed: From the time on this worker to the one that all workers use.
        """
        self._started = time.monotonic() - elapsed_s
        self._agreed = agreed

    @property
    def elapsed_s(self) -> float:
        """The seconds since the start of the training, without interruptions."""
        return self._agreed(time.monotonic() - self._started)
