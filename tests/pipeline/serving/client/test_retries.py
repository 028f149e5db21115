"""Deadlines and repeated attempts, with a clock that only waits move."""

import pickle

import pytest
from grpc import StatusCode

from pipeline.serving.client.errors import (
    DeadlineExceededError,
    ServingError,
    UnavailableError,
    serving_error,
    unexpected,
)
from pipeline.serving.client.retries import Deadline, RetryPolicy
from schemas.errors import InputError
from tests.pipeline.serving.client.fake_clock import FakeClock

HERE = "grpc://h:1/demo"


class Attempts:
    """Fails a number of times, each after some time."""

    def __init__(self, time: FakeClock, failures: int, is_retriable: bool, seconds: float = 0.0):
        self.time = time
        self.failures = failures
        self.is_retriable = is_retriable
        self.seconds = seconds
        self.left: list[float] = []

    def __call__(self, timeout_s: float) -> str:
        self.left.append(timeout_s)
        self.time.time_s += self.seconds
        if len(self.left) <= self.failures:
            raise serving_error(
                StatusCode.UNAVAILABLE, "the queue is full", HERE, is_retriable=self.is_retriable
            )
        return "answer"


def call(attempts: Attempts, timeout_s: float = 10.0, policy: RetryPolicy | None = None) -> str:
    deadline = Deadline(timeout_s, attempts.time.clock())
    return deadline.call(attempts, policy or RetryPolicy(), HERE)


def test_attempts_are_repeated_with_growing_waits_and_one_deadline() -> None:
    time = FakeClock()
    attempts = Attempts(time, 3, is_retriable=True, seconds=1.0)
    assert call(attempts) == "answer"
    assert time.waits == pytest.approx([0.1, 0.2, 0.4])
    assert attempts.left == pytest.approx([10.0, 8.9, 7.7, 6.3])


def test_the_last_error_says_how_often_it_was_tried() -> None:
    attempts = Attempts(FakeClock(), 9, is_retriable=True)
    with pytest.raises(UnavailableError) as caught:
        call(attempts)
    assert str(caught.value) == (
        "grpc://h:1/demo: UNAVAILABLE: the queue is full (4 attempts); check that a server runs "
        "at this address and accepts requests"
    )


def test_other_failures_are_not_repeated() -> None:
    attempts = Attempts(FakeClock(), 9, is_retriable=False)
    with pytest.raises(UnavailableError):
        call(attempts)
    assert (len(attempts.left), attempts.time.waits) == (1, [])


def test_one_attempt_repeats_nothing() -> None:
    attempts = Attempts(FakeClock(), 1, is_retriable=True)
    with pytest.raises(UnavailableError):
        call(attempts, policy=RetryPolicy(attempts=1))
    assert attempts.time.waits == []


def test_no_wait_ends_after_the_deadline() -> None:
    attempts = Attempts(FakeClock(), 9, is_retriable=True, seconds=0.3)
    with pytest.raises(UnavailableError, match=r"the queue is full \(2 attempts\)"):
        call(attempts, timeout_s=0.8)
    assert attempts.time.time_s == pytest.approx(100.7)


def test_a_deadline_that_passed_ends_a_call_before_an_attempt() -> None:
    time = FakeClock()
    deadline = Deadline(2.0, time.clock())
    time.time_s += 3.0
    attempts = Attempts(time, 0, is_retriable=True)
    with pytest.raises(DeadlineExceededError, match="no answer within 2 s; give a longer"):
        deadline.call(attempts, RetryPolicy(), HERE)
    assert attempts.left == []


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan")])
def test_a_timeout_is_positive(timeout_s: float) -> None:
    with pytest.raises(InputError, match=r"timeout_s: .*; expected a positive number of seconds"):
        Deadline(timeout_s, FakeClock().clock())


def test_errors_can_be_pickled() -> None:
    for error in (
        serving_error(StatusCode.NOT_FOUND, "no such model", HERE),
        unexpected("a page", HERE),
    ):
        error.attempts = 3
        copy: ServingError = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert (str(copy), copy.is_retriable) == (str(error), error.is_retriable)
