"""The running average of the weights, and its best value."""

import pytest
import tensorflow as tf

from components.trainer.fit.averaging import WeightAverage


def test_the_decay_rises_in_the_first_steps_up_to_its_limit() -> None:
    weight = tf.Variable(1.0)
    average = WeightAverage([weight], reach_steps=1 / 0.85)
    for number, value in enumerate([1.0, 2.0, 4.0], start=1):
        weight.assign(value)
        average.update(number)

    first = (1 - 1 / 11) * 1.0 + 1 / 11 * 1.0
    second = 0.15 * first + 0.85 * 2.0  # 2 / 12 exceeds the limit of 0.15
    assert average.average[0].numpy() == pytest.approx(0.15 * second + 0.85 * 4.0)


def test_the_average_is_in_the_model_for_the_duration_of_a_block() -> None:
    weight = tf.Variable(0.0)
    average = WeightAverage([weight], reach_steps=2)
    weight.assign(11.0)
    average.update(1)

    with average.in_model():
        assert weight.numpy() == pytest.approx(10.0)  # the decay starts at 1 / 11

    assert weight.numpy() == 11.0


def test_the_best_average_is_restored() -> None:
    weight = tf.Variable(1.0)
    average = WeightAverage([weight], reach_steps=0)
    for number, value in enumerate([1.0, 2.0, 3.0], start=1):
        weight.assign(value)
        average.update(number)
        if number == 2:
            average.keep()

    average.restore_best()

    assert weight.numpy() == 2.0
