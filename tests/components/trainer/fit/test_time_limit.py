"""A time limit that is too small for one epoch."""

import logging

import pytest

from components.trainer.fit.time_limit import TimeLimit
from schemas.errors import InputError


def run_epoch(limit: TimeLimit, num_steps: int, step_s: float, compile_s: float = 0.0) -> int:
    """Runs the steps of the first epoch until the limit; returns the number of steps."""
    elapsed_s = compile_s
    for step in range(1, num_steps + 1):
        elapsed_s += step_s
        limit.check_first_epoch(step, elapsed_s)
        if limit.is_over(elapsed_s):
            return step
    return num_steps


@pytest.mark.parametrize(
    ("max_seconds", "num_steps", "step_s", "compile_s"),
    [
        (50.0, 1000, 0.1, 0.0),  # an epoch takes 100 s
        (105.0, 1000, 0.1, 10.0),  # 110 s with compilation
        (1.0, 10, 0.5, 0.0),  # ends after few steps
        (1.0, 1000, 5.0, 0.0),  # ends at the first step
    ],
)
def test_a_limit_below_the_duration_of_an_epoch_is_an_error_after_few_steps(
    max_seconds: float, num_steps: int, step_s: float, compile_s: float
) -> None:
    limit = TimeLimit(max_seconds, num_steps)

    with pytest.raises(
        InputError,
        match=rf"train\.max_seconds is {max_seconds:g}, but one epoch takes about .* it has "
        rf"{num_steps} steps, of which ([1-9]|[12]\d|3[0-3]) took .* to at least \d+ .* null",
    ):
        run_epoch(limit, num_steps, step_s, compile_s)


@pytest.mark.parametrize(
    ("max_seconds", "num_steps", "compile_s"),
    [(101.0, 1000, 0.0), (None, 1000, 0.0), (115.0, 1000, 10.0), (0.15, 1, 0.0), (0.05, 1, 0.0)],
)
def test_a_limit_that_suffices_for_one_epoch_is_no_error(
    max_seconds: float | None, num_steps: int, compile_s: float
) -> None:
    assert run_epoch(TimeLimit(max_seconds, num_steps), num_steps, 0.1, compile_s) == num_steps


def test_an_epoch_that_turns_out_slower_ends_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit = TimeLimit(100.0, 1000)
    with caplog.at_level(logging.WARNING, "twotower.progress"):
        for step in range(1, 501):
            limit.check_first_epoch(step, step * 0.05)
        assert not caplog.text
        limit.check_first_epoch(501, 100.1)

    assert "has seen only 50% of the targets once: train.max_seconds (100)" in caplog.text
