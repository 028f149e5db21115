"""A clock that moves only when something waits."""

from pipeline.serving.client.retries import Clock


class FakeClock:
    """Time for tests.

    Attributes:
      time_s: The time.
      waits: The waits so far, each of the largest length that it may have.
    """

    def __init__(self) -> None:
        self.time_s = 100.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Moves the time."""
        self.waits.append(seconds)
        self.time_s += seconds

    def clock(self) -> Clock:
        """Returns the clock for a client."""
        return Clock(lambda: self.time_s, self.sleep, lambda low, high: high)
