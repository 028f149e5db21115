"""Trains the two towers: from transformed examples to a model and its history."""

import logging
import math
import time
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tf_keras as keras

from components.trainer.callbacks import (
    Progress,
    RefreshCandidates,
    TimeLimit,
    ValidationSummary,
)
from components.trainer.candidates import CandidateTable
from components.trainer.data import TrainData, TrainerInputs, read_data
from components.trainer.input import ROW, WEIGHT, Windows, batches, with_targets
from components.trainer.metrics import CUTOFFS, metric_name, watched_cutoff
from components.trainer.model import TwoTowerModel
from components.trainer.negatives import NegativePool
from schemas.features import EVAL_SPLIT, TRAIN_SPLIT
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings

_ADAM_BETA_2 = 0.98
_GLOBAL_CLIPNORM = 1.0
# Enough windows to meet every kind of missing value, and nothing beside a training.
_SAMPLE_TARGETS = 64

progress = logging.getLogger("twotower.progress")


@dataclass(frozen=True)
class TrainedTowers:
    """A trained model and how it came about.

    Attributes:
      model: With the weights of its best epoch.
      candidates: Its candidate table.
      history: One record an epoch: `epoch` (from 1), `loss`, and where there are validation
        targets `val_loss` and `val_recall@K`.
      best_epoch: The epoch that the weights are of, from 1.
      seconds: Training and validation.
      targets_per_second: Training alone.
      repeat_targets_left_out: Targets of split train that repeat an item of their history.
      sample_split: eval, or train where split eval has no target.
      sample: A few windows of that split, to hold serving against.
    """

    model: TwoTowerModel
    candidates: CandidateTable
    history: list[dict[str, float]]
    best_epoch: int
    seconds: float
    targets_per_second: float
    repeat_targets_left_out: int
    sample_split: str
    sample: Windows

    @property
    def validation(self) -> dict[str, float]:
        """The best epoch's validation metrics."""
        best = self.history[self.best_epoch - 1]
        return {name[4:]: value for name, value in best.items() if name.startswith("val_")}


def train(
    inputs: TrainerInputs,
    data: DataSettings,
    model: ModelSettings,
    settings: TrainSettings,
    log_dir: str | None = None,
) -> TrainedTowers:
    """Trains until validation recall no longer rises, and returns the best epoch's model.

    Validation ranks the whole catalogue for at most MAX_VALIDATION_TARGETS targets of split eval,
    evenly spread over it. Without a target there, the last epoch is the best.

    Args:
      inputs: What to read.
      data: The data's settings.
      model: Sizes of the towers.
      settings: How to train.
      log_dir: Where TensorBoard's logs go; nowhere if None.

    Raises:
      InputError: There is nothing to learn from, or settings do not fit each other.
      RuntimeError: Training diverged.
    """
    keras.utils.set_random_seed(settings.seed)
    read = read_data(inputs, data)
    counts = np.bincount(
        read.train.events[ROW][read.train.events[WEIGHT] > 0], minlength=len(read.candidates)
    )
    pool = NegativePool(counts, settings.uniform_negatives, read.available_rows)
    towers = TwoTowerModel(read.features, read.candidates, pool, model, settings)
    steps = math.ceil(len(read.train) / settings.batch_size)
    towers.compile(optimizer=_optimizer(settings, steps))
    _build(towers, batches(with_targets(read.train, max_targets=2), 2, seed=None))
    return _fit(towers, read, settings, steps, log_dir)


def _optimizer(settings: TrainSettings, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Adam that warms up over half an epoch, then falls by a cosine to a tenth."""
    warmup = max(1, steps_per_epoch // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=settings.learning_rate / warmup,
        decay_steps=max(1, settings.max_epochs * steps_per_epoch - warmup),
        alpha=0.1,
        warmup_target=settings.learning_rate,
        warmup_steps=warmup,
    )
    return keras.optimizers.Adam(rate, beta_2=_ADAM_BETA_2, global_clipnorm=_GLOBAL_CLIPNORM)


def _build(model: TwoTowerModel, batch: tf.data.Dataset) -> None:
    """Makes all variables: a step that finds none has to be traced twice."""
    model.compute_loss(next(iter(batch)))
    model.optimizer.build(model.trainable_variables)
    model.reset_metrics()


def _fit(
    model: TwoTowerModel, read: TrainData, settings: TrainSettings, steps: int, log_dir: str | None
) -> TrainedTowers:
    started = time.monotonic()
    cutoff = watched_cutoff(len(read.candidates))
    monitor = "val_" + metric_name(cutoff)
    told = Progress(settings.max_epochs, read.train.num_targets, cutoff)
    callbacks: list[keras.callbacks.Callback] = [RefreshCandidates(), told]
    callbacks.append(keras.callbacks.TerminateOnNaN())
    if log_dir is not None:
        callbacks.append(keras.callbacks.TensorBoard(log_dir, write_graph=False))
        callbacks.append(ValidationSummary(log_dir))
    if settings.max_seconds is not None:
        callbacks.append(TimeLimit(settings.max_seconds))
    validation = None
    best = keras.callbacks.EarlyStopping(
        monitor, patience=settings.patience, mode="max", restore_best_weights=True
    )
    if read.validation.num_targets:
        validation = batches(read.validation, settings.batch_size, seed=None)
        callbacks.append(best)
    fitted = model.fit(
        batches(read.train, settings.batch_size, settings.seed),
        epochs=settings.max_epochs,
        validation_data=validation,
        callbacks=callbacks,
        verbose=0,
    )
    history = _history(fitted.history)
    _check_finite(history, settings)
    if best.best_weights is not None:
        # Keras restores them only where it stopped early.
        model.set_weights(best.best_weights)
    best_epoch = best.best_epoch + 1 if best.best_weights is not None else len(history)
    seconds = time.monotonic() - started
    has_validation = read.validation.num_targets > 0
    return TrainedTowers(
        model,
        read.candidates,
        history,
        best_epoch,
        seconds,
        told.targets_per_second,
        read.train.repeat_targets,
        EVAL_SPLIT if has_validation else TRAIN_SPLIT,
        with_targets(read.validation if has_validation else read.train, _SAMPLE_TARGETS),
    )


def _history(logs: dict[str, list[float]]) -> list[dict[str, float]]:
    """Keras's lists by metric as one record an epoch, with readable names."""
    names = {"val_" + metric_name(k): f"val_recall@{k}" for k in CUTOFFS}
    epochs = len(logs["loss"])
    return [
        {"epoch": epoch + 1}
        | {names.get(name, name): float(values[epoch]) for name, values in logs.items()}
        for epoch in range(epochs)
    ]


def _check_finite(history: list[dict[str, float]], settings: TrainSettings) -> None:
    """Refuses a history with a NaN or an infinity in a loss of any epoch."""
    for record in history:
        if not math.isfinite(record["loss"]):
            raise RuntimeError(
                f"training diverged at epoch {record['epoch']}: the loss is {record['loss']}; "
                f"lower train.learning_rate (now {settings.learning_rate}) or raise "
                "train.temperature"
            )
        validation_loss = record.get("val_loss", 0.0)
        if not math.isfinite(validation_loss):
            raise RuntimeError(
                f"training diverged at epoch {record['epoch']}: the validation loss is "
                f"{validation_loss}, while the training loss is {record['loss']:.3f}; lower "
                f"train.learning_rate (now {settings.learning_rate}), or look for extreme numbers "
                "in the features of split eval"
            )
