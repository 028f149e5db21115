"""The training speed that the progress log states."""

import pytest

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
    assert log.epochs == num_batches // STEPS


def test_the_speed_before_the_first_step_is_zero() -> None:
    log = ProgressLog(max_epochs=3, targets_per_epoch=TARGETS_PER_EPOCH, cutoff=10)
    assert log.targets_per_second == 0.0
