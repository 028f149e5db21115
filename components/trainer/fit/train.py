"""Trains the two towers: from transformed examples to a model and its history."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import tf_keras as keras

from components.progress import progress
from components.trainer.data.batches import batches, num_batches, one_batch
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.read import TrainData, TrainerInputs, read_data
from components.trainer.data.windows import ROW, WEIGHT, TransformedWindows, with_targets
from components.trainer.fit.averaging import BestAverage
from components.trainer.fit.callbacks import (
    Progress,
    RefreshCandidates,
    TimeLimit,
    ValidationSummary,
)
from components.trainer.fit.cold_start import settle_cold_start
from components.trainer.fit.facts import facts_of
from components.trainer.fit.recipe import Choice, Recipe, choose
from components.trainer.fit.schedule import WarmUpThenCosine
from components.trainer.losses.negatives import NegativePool
from components.trainer.model.metrics import CUTOFFS, metric_name, watched_cutoff
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan
from components.trainer.time.first_seen import Availability
from components.trainer.time.items_in_time import ItemsInTime
from components.trainer.time.popularity import RecentPopularity
from schemas.features import TIMESTAMP
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings

_ADAM_BETA_2 = 0.98
_GLOBAL_CLIPNORM = 1.0
# Compiling takes some twenty seconds; as many as a plain training of so many targets saves.
_TARGETS_WORTH_COMPILING = 1_000_000
# Without gradients a batch can be large, which costs less around it.
_VALIDATION_EVENTS = 16_384


@dataclass(frozen=True)
class TrainedTowers:
    """A trained model and how it came about.

    Attributes:
      model: With the weights of its best epoch.
      candidates: Its candidate table.
      recipe: How it was trained, and why so.
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
    recipe: Recipe
    history: list[dict[str, float]]
    best_epoch: int
    seconds: float
    targets_per_second: float
    repeat_targets_left_out: int
    sample_split: str
    sample: TransformedWindows

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
      model: Sizes and parts of the towers; the recipe settles what is None.
      settings: How to train; the recipe settles what is None.
      log_dir: Where TensorBoard's logs go; nowhere if None.

    Raises:
      InputError: There is nothing to learn from, or settings do not fit each other.
      RuntimeError: Training diverged.
    """
    read = read_data(inputs, data)
    recipe = choose(facts_of(read, data), model, settings)
    _tell(recipe.choices)
    keras.utils.set_random_seed(recipe.train.seed)
    towers = build_towers(read, recipe)
    return _fit(towers, read, recipe, log_dir)


def build_towers(read: TrainData, recipe: Recipe) -> TwoTowerModel:
    """The model with all its variables, not yet trained."""
    is_target = read.train.events[WEIGHT] > 0
    rows, time_s = read.train.events[ROW][is_target], read.train.events[TIMESTAMP][is_target]
    counts = np.bincount(rows, minlength=len(read.candidates))
    plan = recipe.train
    pool = NegativePool(
        counts, plan.catalogue_negatives, read.available_rows, plan.negative_sampling
    )
    logged = rows, time_s, read.candidates.available_at
    availability = Availability(*logged)
    in_time = ItemsInTime(
        RecentPopularity(*logged) if recipe.model.recent_popularity else None,
        availability if availability.any_late else None,
    )
    towers = TwoTowerModel(
        read.features,
        read.candidates,
        pool,
        in_time,
        recipe.model,
        plan,
        read.excludes_history,
        read.train.events[WEIGHT].sum() / num_batches(read.train, plan.events_per_step),
        compiled=read.train.num_targets * plan.max_epochs >= _TARGETS_WORTH_COMPILING,
    )
    optimizer = keras.optimizers.Adam(
        plan.learning_rate, beta_2=_ADAM_BETA_2, global_clipnorm=_GLOBAL_CLIPNORM
    )
    towers.compile(optimizer=optimizer)
    # Makes all variables: a step that finds none has to be traced twice.
    towers.compute_loss(one_batch(with_targets(read.train, max_targets=2)))
    optimizer.build(towers.trainable_variables)
    towers.reset_metrics()
    return towers


def _fit(
    model: TwoTowerModel, read: TrainData, recipe: Recipe, log_dir: str | None
) -> TrainedTowers:
    started = time.monotonic()
    plan = recipe.train
    cutoff = watched_cutoff(len(read.candidates))
    told = Progress(plan.max_epochs, read.train.num_targets, cutoff)
    has_validation = read.validation.num_targets > 0
    monitor = "val_" + metric_name(cutoff) if has_validation else None
    steps = num_batches(read.train, plan.events_per_step)
    best = BestAverage(plan.average_epochs * steps, monitor, plan.patience)
    callbacks: list[keras.callbacks.Callback] = [
        WarmUpThenCosine(plan.learning_rate, steps, plan.max_epochs, plan.max_seconds),
        best,
        RefreshCandidates(),
        told,
        keras.callbacks.TerminateOnNaN(),
    ]
    if log_dir is not None:
        callbacks.append(keras.callbacks.TensorBoard(log_dir, write_graph=False))
        callbacks.append(ValidationSummary(log_dir))
    if plan.max_seconds is not None:
        callbacks.append(TimeLimit(plan.max_seconds))
    validation = None
    if has_validation:
        validation = batches(read.validation, _VALIDATION_EVENTS, seed=None)
    fitted = model.fit(
        batches(read.train, plan.events_per_step, plan.seed),
        epochs=plan.max_epochs,
        validation_data=validation,
        callbacks=callbacks,
        verbose=0,
    )
    history = _history(fitted.history)
    _check_finite(history, plan)
    _check_weights(model, plan)
    cold_start = settle_cold_start(model, read)
    if cold_start is not None:
        _tell((cold_start,))
        recipe = replace(recipe, choices=(*recipe.choices, cold_start))
    return TrainedTowers(
        model,
        read.candidates,
        recipe,
        history,
        best.best_epoch or len(history),
        time.monotonic() - started,
        told.targets_per_second,
        read.train.repeat_targets,
        read.sample_split,
        read.sample,
    )


def _tell(choices: Iterable[Choice]) -> None:
    for choice in choices:
        progress.info("recipe: %s = %s: %s", choice.key, choice.value, choice.reason)


def _history(logs: dict[str, list[float]]) -> list[dict[str, float]]:
    """Keras's lists by metric as one record an epoch, with readable names."""
    names = {"val_" + metric_name(k): f"val_recall@{k}" for k in CUTOFFS}
    epochs = len(logs["loss"])
    return [
        {"epoch": epoch + 1}
        | {names.get(name, name): float(values[epoch]) for name, values in logs.items()}
        for epoch in range(epochs)
    ]


def _check_weights(model: TwoTowerModel, plan: TrainPlan) -> None:
    """Rejects weights with a NaN or an infinity: a last step may break what no loss tells of."""
    for weight in model.serving_weights:
        if not np.isfinite(weight.numpy()).all():
            raise RuntimeError(
                f"training diverged: {weight.name} is not finite after the last step; lower "
                f"train.learning_rate (now {plan.learning_rate}) or raise train.temperature"
            )


def _check_finite(history: list[dict[str, float]], plan: TrainPlan) -> None:
    """Rejects a history with a NaN or an infinity in a loss of any epoch."""
    for record in history:
        if not math.isfinite(record["loss"]):
            raise RuntimeError(
                f"training diverged at epoch {record['epoch']}: the loss is {record['loss']}; "
                f"lower train.learning_rate (now {plan.learning_rate}) or raise "
                "train.temperature"
            )
        validation_loss = record.get("val_loss", 0.0)
        if not math.isfinite(validation_loss):
            raise RuntimeError(
                f"training diverged at epoch {record['epoch']}: the validation loss is "
                f"{validation_loss}, while the training loss is {record['loss']:.3f}; lower "
                f"train.learning_rate (now {plan.learning_rate}), or look for extreme numbers "
                "in the features of split eval"
            )
