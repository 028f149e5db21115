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
WEIGHT_PER_STEP = 20.0
Weights = list[npt.NDArray[np.float32]]
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


def new_model(
    devices: TrainingDevices, data: TrainData, recipe: Recipe, weights: Weights | None = None
) -> TwoTowerModel:
    """Returns a model that learns by plain gradient descent, with the given initial weights."""
    with devices.strategy.scope():
        model = build_model(data, recipe)
        model.compile(optimizer=keras.optimizers.SGD(1.0))
    # By default, the mean weight of a step, which depends on the number of batches.
    model.weight_per_step = WEIGHT_PER_STEP
    for variable, value in zip(model.trainable_weights, weights or (), strict=weights is not None):
        variable.assign(value)
    return model


def one_step(devices: TrainingDevices, model: TwoTowerModel, batches: EpochBatches) -> Weights:
    """Returns the change of each weight in one step, which is its negative gradient."""
    before = values(model)
    whole = devices.num_replicas == 1
    iterator = iter(
        devices.batches(lambda replicas: batches.epoch(0, 0, None if whole else replicas))
    )
    model.make_train_function()(iterator)
    return [new - old for old, new in zip(before, values(model), strict=True)]


def values(model: TwoTowerModel) -> Weights:
    return [weight.numpy() for weight in model.trainable_weights]


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

    # The same batches in both cases: they can be shared by two replicas.
    batches = EpochBatches(data.train, recipe.train.events_per_step, 5, NUM_REPLICAS)
    alone = new_model(single_device(), data, recipe)
    shared = new_model(devices, data, recipe, values(alone))
    expected = one_step(single_device(), alone, batches)
    found = one_step(devices, shared, batches)
    fitted = fit_model(shared, data.train, data.validation, recipe.train, devices=devices)
    result = {
        "replicas": devices.num_replicas,
        "scale": float(max(np.abs(change).max() for change in expected)),
        "gradients": float(max(np.abs(a - b).max() for a, b in zip(expected, found, strict=True))),
        "weights": largest_replica_difference(devices, shared.trainable_weights),
        "history": fitted.history,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
