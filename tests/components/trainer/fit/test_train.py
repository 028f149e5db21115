"""Trainings on small datasets with a known result."""

import logging
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from components.trainer.data.read import read_data
from components.trainer.fit.checkpoints import Checkpoints, LoopState
from components.trainer.fit.divergence import TrainingDivergedError
from components.trainer.fit.train import train
from components.trainer.losses.sampled_negatives import SampledNegativesLoss
from components.trainer.model.metrics import monitored_cutoff
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.run import training_fragment
from components.trainer.time.popularity import NUM_PERIODS
from schemas.errors import InputError
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from schemas.target_settings import TargetsSettings
from tests.components.trainer.conftest import Exported
from tests.components.trainer.datasets import (
    PLAIN,
    Dataset,
    Row,
    data_settings,
    item,
    make_dataset,
    window,
)

NUM_ITEMS = 10
LENGTH = 5
SIZES = ModelSettings(dim=16, hidden_dim=32, encoder=EncoderSettings(num_heads=4))


@pytest.fixture(scope="module")
def successors(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Item i + 1 follows item i; eval has other users, whose first items are no targets."""
    settings = data_settings(PLAIN)
    rng = np.random.default_rng(1)

    def walk(user: str, is_target: list[int]) -> Row:
        first = rng.integers(NUM_ITEMS)
        items = [f"i{(first + step) % NUM_ITEMS}" for step in range(LENGTH)]
        return window(settings, user, items, is_target=is_target)

    return make_dataset(
        settings,
        train=[walk(f"u{user}", [1] * LENGTH) for user in range(150)],
        evaluation=[walk(f"e{user}", [0] + [1] * (LENGTH - 1)) for user in range(40)],
        items=[item(settings, f"i{number}") for number in range(NUM_ITEMS)],
        folder=tmp_path_factory.mktemp("successors"),
    )


def test_successors_are_learned(successors: Dataset, caplog: pytest.LogCaptureFixture) -> None:
    settings = TrainSettings(max_epochs=15, patience=15, events_per_step=80, learning_rate=1e-2)

    with caplog.at_level(logging.INFO, "twotower.progress"):
        trained = train(successors.inputs, successors.settings, SIZES, settings)

    assert trained.validation["recall@1"] > 0.9
    assert len(trained.history) == 15
    # a catalogue of ten items has no recall@50
    assert set(trained.history[0]) == {
        "epoch", "loss", "val_loss", "val_recall@1", "val_recall@5", "val_recall@10"
    }  # fmt: skip
    assert trained.targets_per_second > 0
    assert "epoch 15/15" in caplog.text
    # a quarter of ten items is two, so that recall at 1 is monitored
    recall = trained.history[-1]["val_recall@1"]
    assert f"val_factorized_top_k/top_1_categorical_accuracy {recall:.4f}" in caplog.text
    assert "750 targets, 10 candidates" in caplog.text
    # split eval has 160 targets
    assert (trained.sample_split, trained.sample.num_targets) == ("eval", 64)
    # of 750 targets of split train
    assert trained.model.dynamics.longest_lag == math.ceil(160 / 750 * NUM_PERIODS)


def test_mixed_precision_learns_as_well_and_ends_in_float32(successors: Dataset) -> None:
    settings = TrainSettings(
        max_epochs=15, patience=15, events_per_step=80, learning_rate=1e-2, mixed_precision=True
    )

    trained = train(successors.inputs, successors.settings, SIZES, settings)

    assert trained.validation["recall@1"] > 0.9
    layers = [x for x in trained.towers.submodules if isinstance(x, keras.layers.Layer)]
    assert {layer.compute_dtype for layer in layers} == {"float32"}
    assert not trained.recipe.train.mixed_precision


@pytest.mark.parametrize(("num_items", "expected"), [(1, 1), (10, 1), (20, 5), (40, 10)])
def test_the_monitored_cutoff_is_at_most_a_quarter_of_the_catalogue(
    num_items: int, expected: int
) -> None:
    assert monitored_cutoff(num_items) == expected


def test_training_works_with_histories_of_one_event_and_without_eval_targets(
    tmp_path: Path,
) -> None:
    settings = data_settings(PLAIN)
    rows = [window(settings, f"u{user}", [f"i{user % 3}"]) for user in range(9)]
    without_target = [window(settings, "e", ["i0"], is_target=[0])]
    dataset = make_dataset(settings, rows, without_target, [item(settings, "i0")], tmp_path)

    trained = train(dataset.inputs, settings, SIZES, TrainSettings(max_epochs=2, events_per_step=4))

    assert trained.best_epoch == len(trained.history) == 2
    assert trained.validation == {}
    assert (trained.sample_split, trained.sample.num_targets) == ("train", 9)
    assert len(trained.candidates) == 3  # two of them occur in split train but not in the catalogue


@pytest.mark.filterwarnings("ignore:overflow")
def test_divergence_is_an_error(successors: Dataset) -> None:
    settings = TrainSettings(max_epochs=3, learning_rate=1e30, temperature=1e-30)

    with pytest.raises(
        TrainingDivergedError,
        match=r"training diverged at epoch 1, step 1 of 1: .*learning_rate",
    ):
        train(successors.inputs, successors.settings, SIZES, settings)


def test_training_ends_at_the_time_limit_after_at_least_one_epoch(
    successors: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    # An epoch has one step, and the limit is over after it.
    settings = TrainSettings(max_epochs=500, patience=500, max_seconds=0.01)

    with caplog.at_level(logging.INFO, "twotower.progress"):
        trained = train(successors.inputs, successors.settings, SIZES, settings)

    assert len(trained.history) == 1
    assert "the time limit of 0 s (train.max_seconds) is reached" in caplog.text


def test_a_time_limit_below_one_epoch_is_an_error(successors: Dataset) -> None:
    settings = TrainSettings(max_epochs=1, events_per_step=80, max_seconds=0.01)

    with pytest.raises(InputError, match=r"train\.max_seconds is 0\.01, but one epoch takes"):
        train(successors.inputs, successors.settings, SIZES, settings)


def test_a_train_split_without_targets_is_an_error(tmp_path: Path) -> None:
    settings = data_settings(PLAIN)
    rows = [window(settings, "u", ["i0"], is_target=[0])]
    dataset = make_dataset(settings, rows, rows, [item(settings, "i0")], tmp_path)

    with pytest.raises(InputError, match="no target to learn from"):
        train(dataset.inputs, settings, SIZES, TrainSettings())


def test_targets_that_all_repeat_an_item_of_their_history_are_an_error(tmp_path: Path) -> None:
    settings = data_settings(PLAIN)
    rows = [window(settings, "u", ["i0", "i0", "i0"], is_target=[0, 1, 1])]
    dataset = make_dataset(settings, rows, rows, [item(settings, "i0")], tmp_path)

    with pytest.raises(InputError, match=r"all 2 repeat .* repeat_interactions is exclude"):
        train(dataset.inputs, settings, SIZES, TrainSettings())


def test_the_number_of_repeats_is_logged_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = data_settings(PLAIN)
    rows = [window(settings, f"u{user}", ["i0", "i1", "i0"]) for user in range(4)]
    dataset = make_dataset(settings, rows, [], [item(settings, "i0")], tmp_path)

    with caplog.at_level(logging.INFO, "twotower.progress"):
        trained = train(dataset.inputs, settings, SIZES, TrainSettings(max_epochs=1))

    assert training_fragment(trained, seconds=1.0)["repeat_targets_left_out"] == 4
    assert "4 windows with 8 targets" in caplog.text
    assert "4 targets left out as repeats" in caplog.text


def test_items_that_appear_after_split_train_are_not_drawn_as_negatives(tmp_path: Path) -> None:
    settings = data_settings(PLAIN)
    # the last event of split train is at 120 s, in a window without a target
    rows = [
        window(settings, "u", ["i0", "i1"]),
        window(settings, "v", ["i0", "i1", "i2"], is_target=[0, 0, 0]),
    ]
    times = {"i0": 0, "i1": -1, "i2": 120, "new": 121, "timeless": -1}
    items = [item(settings, name, available_at=[time]) for name, time in times.items()]
    evaluation = [window(settings, "e", ["i0", "new"], timestamp=[500, 600])]
    dataset = make_dataset(settings, rows, evaluation, items, tmp_path)

    train_data = read_data(dataset.inputs, settings)
    sampled = TrainSettings(max_epochs=1, loss="sampled_softmax")
    trained = train(dataset.inputs, settings, SIZES, sampled)

    assert set(train_data.candidates.item_id[train_data.available_rows]) == {
        b"i0",
        b"i1",
        b"i2",
        b"timeless",
    }
    loss = trained.model.retrieval_loss
    assert isinstance(loss, SampledNegativesLoss)
    drawn = loss.sampler.draw(tf.constant([1, 2])).numpy()
    assert set(trained.candidates.item_id[drawn]) == {b"i0", b"i1", b"i2", b"timeless"}


def test_a_weight_of_an_unknown_event_type_is_an_error(rich: Exported, successors: Dataset) -> None:
    def read_with_weight(dataset: Dataset, event_type: str) -> None:
        targets = TargetsSettings(weights={event_type: 9.0})
        read_data(dataset.inputs, replace(dataset.settings, targets=targets))

    read_with_weight(rich.dataset, "like")
    with pytest.raises(
        InputError, match=r"targets\.weights\.lik: .* are like, view, the nearest is 'like'"
    ):
        read_with_weight(rich.dataset, "lik")
    with pytest.raises(InputError, match=r"targets\.weights\.like: the events .* have no type"):
        read_with_weight(successors, "like")


def test_a_validation_loss_that_is_not_finite_is_an_error(
    successors: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def test_step(model: TwoTowerModel, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"loss": tf.constant(np.nan), "factorized_top_k/top_1_categorical_accuracy": 0.5}

    monkeypatch.setattr(TwoTowerModel, "test_step", test_step)

    with pytest.raises(
        TrainingDivergedError,
        match=r"diverged at epoch 1: the validation loss is nan; .* split eval",
    ):
        train(successors.inputs, successors.settings, SIZES, TrainSettings(max_epochs=2))


def test_weights_that_are_not_finite_are_an_error_and_leave_no_checkpoint(
    successors: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    saved = []
    save = Checkpoints.save

    def spy(checkpoints: Checkpoints, state: LoopState, variables: dict[str, Any]) -> None:
        save(checkpoints, state, variables)
        saved.append((state.epoch, state.step))

    train_step = TwoTowerModel.train_step

    def spoiling_step(model: TwoTowerModel, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        logs = train_step(model, inputs)
        is_last = model.optimizer.iterations == 2
        start = model.towers.query_tower.encoder.start
        start.assign(tf.where(is_last, np.nan, start))
        return logs

    monkeypatch.setattr(TwoTowerModel, "train_step", spoiling_step)
    monkeypatch.setattr(Checkpoints, "is_due", lambda *_, **__: True)
    monkeypatch.setattr(Checkpoints, "save", spy)
    folder = tmp_path / "checkpoints"
    settings = TrainSettings(max_epochs=1, events_per_step=400)

    with pytest.raises(
        TrainingDivergedError,
        match=r"epoch 1, step 2 of 2: .*start.* is not finite .*learning_rate",
    ):
        train(successors.inputs, successors.settings, SIZES, settings, checkpoint_dir=str(folder))

    assert saved == [(0, 1)]
    assert not folder.exists()
