"""The learning rate schedule."""

import pytest

from components.trainer.fit.schedule import WarmUpThenCosine


def test_the_rate_rises_over_half_an_epoch_and_decays_to_a_twentieth() -> None:
    rate = WarmUpThenCosine(1.0, steps_per_epoch=20, max_epochs=10, max_seconds=None).rate

    assert rate(0, 0.0) == pytest.approx(0.1, rel=1e-3)
    assert rate(4, 0.0) == pytest.approx(0.5, rel=1e-2)
    assert rate(100, 0.0) == pytest.approx(0.05 + 0.95 / 2)
    assert rate(200, 0.0) == pytest.approx(0.05)
    assert rate(500, 0.0) == pytest.approx(0.05)


def test_the_rate_follows_the_time_limit_if_it_ends_training_first() -> None:
    limited = WarmUpThenCosine(1.0, steps_per_epoch=20, max_epochs=10, max_seconds=60.0).rate
    unlimited = WarmUpThenCosine(1.0, steps_per_epoch=20, max_epochs=10, max_seconds=None).rate

    assert limited(100, 6.0) == unlimited(100, 6.0)
    assert limited(20, 30.0) == pytest.approx(0.05 + 0.95 / 2)
    assert limited(20, 60.0) == pytest.approx(0.05)
