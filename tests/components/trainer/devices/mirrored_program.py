"""Trains on two logical CPU devices; run as a program, since devices are set once per process.

    python -m tests.components.trainer.devices.mirrored_program FOLDER

Prints a line of JSON: the largest differences of what must be equal.
"""

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras as keras

from components.trainer.data.batches import EpochBatches
from components.trainer.data.read import TrainData, read_data
from components.trainer.devices.training_devices import (
    TrainingDevices,
    open_devices,
    single_device,
)
from components.trainer.fit.data_statistics import compute_statistics
from components.trainer.fit.loop import fit_model
from components.trainer.fit.recipe import Recipe, choose_recipe
from components.trainer.fit.train import build_model
from components.trainer.model.two_tower import TwoTowerModel
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from tests.components.trainer.datasets import PLAIN, data_settings, item, make_dataset, window

NUM_REPLICAS = 2
SIZES = ModelSettings(
    dim=8,
    hidden_dim=16,
    recent_popularity=False,
    encoder=EncoderSettings(num_heads=2, num_blocks=1, dropout=0.0),
)
# Nothing is random, so that a step depends on its events alone.
EXACT = TrainSettings(
    loss="full_softmax",
    max_epochs=2,
    events_per_step=64,
    feature_dropout=0.0,
    id_dropout=0.0,
    history_dropout=0.0,
    max_seconds=None,
)


def small_data(folder: Path) -> tuple[TrainData, Recipe]:
    settings = data_settings(PLAIN)
    rng = np.random.default_rng(1)
    rows = [
        window(settings, f"u{user}", [f"i{n}" for n in rng.permutation(9)[: rng.integers(1, 7)]])
        for user in range(41)
    ]
    items = [item(settings, f"i{number}") for number in range(9)]
    dataset = make_dataset(settings, rows, rows[:7], items, folder)
    data = read_data(dataset.inputs, settings)
    return data, choose_recipe(compute_statistics(data, settings), SIZES, EXACT)


def new_model(devices: TrainingDevices, data: TrainData, recipe: Recipe) -> TwoTowerModel:
    keras.utils.set_random_seed(1)
    with devices.strategy.scope():
        return build_model(data, recipe)


def gradients(
    devices: TrainingDevices, data: TrainData, recipe: Recipe
) -> list[npt.NDArray[np.float32]]:
    """Returns the change of each weight in one step of plain gradient descent, negated."""
    model = new_model(devices, data, recipe)
    with devices.strategy.scope():
        model.compile(optimizer=keras.optimizers.SGD(1.0))
    before = [weight.numpy() for weight in model.trainable_weights]
    # The batches are those of two replicas in both cases.
    batches = EpochBatches(data.train, recipe.train.events_per_step, 5, NUM_REPLICAS)
    parts = {1: None, NUM_REPLICAS: range(NUM_REPLICAS)}[devices.num_replicas]
    iterator = iter(devices.batches(lambda replicas: batches.epoch(0, 0, parts)))
    model.make_train_function()(iterator)
    after = model.trainable_weights
    return [old - new.numpy() for old, new in zip(before, after, strict=True)]


def largest_replica_difference(devices: TrainingDevices, variables: list[tf.Variable]) -> float:
    """Returns the largest difference of a variable between the replicas."""
    differences = []
    for variable in variables:
        first, second = devices.strategy.experimental_local_results(variable)
        differences.append(np.abs(first.numpy() - second.numpy()).max())
    return float(max(differences))


def main(folder: Path) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * NUM_REPLICAS
    tf.config.set_logical_device_configuration(cpu, logical)
    devices = open_devices("mirrored", worker_timeout_s=60.0)
    data, recipe = small_data(folder)

    expected = gradients(single_device(), data, recipe)
    found = gradients(devices, data, recipe)
    model = new_model(devices, data, recipe)
    fitted = fit_model(model, data.train, data.validation, recipe.train, devices=devices)
    result = {
        "replicas": devices.num_replicas,
        "scale": float(max(np.abs(gradient).max() for gradient in expected)),
        "gradients": float(max(np.abs(a - b).max() for a, b in zip(expected, found, strict=True))),
        "weights": largest_replica_difference(devices, model.weights),
        "history": fitted.history,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
