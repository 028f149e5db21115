"""Deadlines, and attempts that are repeated after failures that may pass.

Every request of the client only reads, so repeating one is safe even if the server has answered it.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipeline.serving.client.errors import ServingError, no_answer
from schemas.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request is attempted, and how long the client waits in between.

    A wait is drawn evenly from 0 up to a limit that doubles after each attempt, so that the
    clients of a server that was away do not all come back at the same time.

    Attributes:
      attempts: Maximum number of attempts; 1 repeats none.
      first_wait_s: Limit of the wait after the first attempt.
      max_wait_s: Largest limit.
    """

    attempts: int = 4
    first_wait_s: float = 0.1
    max_wait_s: float = 2.0

    def wait_limit_s(self, attempt: int) -> float:
        """Returns the limit of the wait after an attempt, which is counted from 1.

        >>> [RetryPolicy().wait_limit_s(attempt) for attempt in (1, 2, 3, 60)]
        [0.1, 0.2, 0.4, 2.0]
        """
        return min(self.max_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))


@dataclass(frozen=True)
class Clock:
    """Time and chance, which tests replace.

    Attributes:
      now: Returns the time in seconds, from any start.
      sleep: Waits for a number of seconds.
      uniform: Draws a number between two others.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform


class Deadline:
    """The end of a call, with all its attempts and waits."""

    def __init__(self, timeout_s: float, clock: Clock) -> None:
        """Starts the time of a call.

        Raises:
          InputError: The timeout is not a positive number.
        """
        if not timeout_s > 0:
            raise InputError(f"timeout_s: {timeout_s}; expected a positive number of seconds")
        self._timeout_s = timeout_s
        self._clock = clock
        self._end = clock.now() + timeout_s

    def remaining_s(self, address: str) -> float:
        """Returns the time that is left.

        Raises:
          DeadlineExceededError: None is left.
        """
        remaining = self._end - self._clock.now()
        if remaining <= 0:
            raise no_answer(self._timeout_s, address)
        return remaining

    def call(self, attempt: Callable[[float], T], policy: RetryPolicy, address: str) -> T:
        """Returns the result of an attempt, after others that failed.

        If no attempt succeeds, or the next wait would end after the deadline, the error of the last
        one is raised, which says more than a deadline.

        Args:
          attempt: Sends a request, given the time that is left, in seconds.
          policy: How often it is called.
          address: The address of the model, for messages.

        Raises:
          ServingError: No attempt succeeded.
        """
        number = 0
        while True:
            number += 1
            try:
                return attempt(self.remaining_s(address))
            except ServingError as error:
                error.attempts = number
                wait = self._clock.uniform(0.0, policy.wait_limit_s(number))
                is_last = number >= policy.attempts or self._clock.now() + wait >= self._end
                if is_last or not error.is_retriable:
                    raise
            self._clock.sleep(wait)
