"""The clock of a training, which a resumed training continues."""

import time


class TrainingClock:
    """Counts the seconds of a training, including those before it was resumed."""

    def __init__(self, elapsed_s: float = 0.0):
        """Starts the clock; `elapsed_s` are the seconds before it."""
        self._started = time.monotonic() - elapsed_s

    @property
    def elapsed_s(self) -> float:
        """The seconds since the start of the training, without interruptions."""
        return time.monotonic() - self._started
