"""The training speed and the time left that the progress log states."""

import re

import pytest

from components.progress import PROGRESS_LOGGER
from components.trainer.fit import callbacks
from components.trainer.fit.callbacks import ProgressLog

STEPS = 4
TARGETS_PER_EPOCH = 100


@pytest.mark.parametrize("num_batches", [1, 3, STEPS, STEPS + 2, 2 * STEPS])
def test_the_speed_includes_the_epoch_that_a_time_limit_ends(
    num_batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step takes one second of a clock that only the test advances."""
    clock = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock)
    log = ProgressLog(max_epochs=3, targets_per_epoch=TARGETS_PER_EPOCH, cutoff=10)
    log.set_params({"steps": STEPS})
    for number in range(num_batches):
        if number % STEPS == 0:
            log.on_epoch_begin(number // STEPS)
        clock += 1.0
        log.on_train_batch_end(number % STEPS)
    clock += 60.0  # validation
    assert log.targets_per_second == pytest.approx(TARGETS_PER_EPOCH / STEPS)
    assert log.epoch_targets_per_second == pytest.approx(TARGETS_PER_EPOCH / STEPS)
    assert log.epochs == num_batches // STEPS


def test_the_speed_before_the_first_step_is_zero() -> None:
    log = ProgressLog(max_epochs=3, targets_per_epoch=TARGETS_PER_EPOCH, cutoff=10)
    assert log.targets_per_second == 0.0


@pytest.mark.parametrize(
    ("max_seconds", "left"),
    [
        # Two epochs of 40 s and 20 s of validation; one.
        (None, ["at most about 2 min left", "at most about 1 min left", ""]),
        (100.0, ["at most about 40 s left", "", ""]),
    ],
)
def test_the_time_left_includes_validation_and_obeys_the_time_limit(
    max_seconds: float | None,
    left: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: clock)
    log = ProgressLog(3, TARGETS_PER_EPOCH, 10, max_seconds)
    log.set_params({"steps": STEPS})
    log.on_train_begin()
    caplog.set_level("INFO", PROGRESS_LOGGER)
    ends = []
    for epoch in range(3):
        log.on_epoch_begin(epoch)
        for batch in range(STEPS):
            clock += 10.0
            log.on_train_batch_end(batch)
        clock += 20.0
        log.on_epoch_end(epoch)
        ends.append(caplog.messages[-1])
    assert [re.findall(r"at most .*|$", line)[0] for line in ends] == left
