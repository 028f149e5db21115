"""The running average of the weights, and the average of the best epoch."""

import numpy as np
import pytest
import tf_keras as keras

from components.trainer.fit.averaging import BestAverage


class OneWeight(keras.Model):
    """A model of one weight, which the test assigns."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = self.add_weight(name="weight", shape=[], initializer="zeros")


def run_training(
    callback: BestAverage, epochs: list[list[float]], values: list[float]
) -> OneWeight:
    """Assigns the weights of each epoch in turn, and ends each epoch with a validation value."""
    model = OneWeight()
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, (weights, value) in enumerate(zip(epochs, values, strict=True)):
        for step, weight in enumerate(weights):
            model.weight.assign(weight)
            callback.on_train_batch_end(step)
        callback.on_test_begin()
        callback.on_test_end()
        assert model.weight.numpy() == np.float32(weights[-1])
        callback.on_epoch_end(epoch, {"recall": value})
        if model.stop_training:
            break
    callback.on_train_end()
    return model


def test_the_decay_rises_in_the_first_steps_up_to_its_limit() -> None:
    model = run_training(BestAverage(1 / 0.85, None, patience=1), [[1.0, 2.0, 4.0]], [np.nan])

    first = (1 - 1 / 11) * 1.0
    second = 0.15 * first + 0.85 * 2.0  # 2 / 12 exceeds the limit of 0.15
    assert model.weight.numpy() == pytest.approx(0.15 * second + 0.85 * 4.0)


def test_the_average_is_validated() -> None:
    callback = BestAverage(2, "recall", patience=9)
    model = OneWeight()
    callback.set_model(model)
    callback.on_train_begin()
    model.weight.assign(11.0)
    callback.on_train_batch_end(0)

    callback.on_test_begin()
    validated = model.weight.numpy()
    callback.on_test_end()

    assert validated == pytest.approx(10.0)  # the decay starts at 1 / 11
    assert model.weight.numpy() == 11.0


def test_the_best_average_is_restored_and_patience_ends_training() -> None:
    callback = BestAverage(0, "recall", patience=2)

    model = run_training(callback, [[1.0], [2.0], [3.0], [4.0], [5.0]], [0.1, 0.3, 0.2, 0.3, 0.9])

    assert callback.best_epoch == 2
    assert model.weight.numpy() == 2.0


def test_without_validation_the_last_epoch_is_the_best() -> None:
    callback = BestAverage(0, None, patience=1)

    model = run_training(callback, [[1.0], [2.0], [3.0]], [0.9, 0.5, 0.1])

    assert callback.best_epoch == 3
    assert model.weight.numpy() == 3.0


def test_the_first_epoch_is_the_best_if_the_metric_is_always_nan() -> None:
    callback = BestAverage(0, "recall", patience=5)

    assert run_training(callback, [[1.0], [2.0]], [float("nan")] * 2).weight.numpy() == 1.0
    assert isinstance(callback.best_epoch, int)
