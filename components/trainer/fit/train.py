"""Trains the two towers, from transformed examples to a model and its history."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras as keras

from components.progress import progress
from components.trainer.data.batches import num_batches, one_batch
from components.trainer.data.candidates import CandidateTable
from components.trainer.data.id_vocabularies import IdVocabularies
from components.trainer.data.read import TrainData, TrainerInputs, read_data
from components.trainer.data.windows import WEIGHT, TransformedWindows, with_targets
from components.trainer.devices.training_devices import TrainingDevices, single_device
from components.trainer.fit.cold_start import choose_cold_start
from components.trainer.fit.data_statistics import compute_statistics
from components.trainer.fit.loop import fit_model
from components.trainer.fit.optimizer import build_optimizer
from components.trainer.fit.recipe import Recipe, RecipeChoice, choose_recipe, warm_recipe
from components.trainer.losses.build import TrainingItems, build_loss
from components.trainer.model.towers import RetrievalTowers
from components.trainer.model.two_tower import TwoTowerModel
from components.trainer.plan import TrainPlan
from components.trainer.state.transfer import TransferredRows
from components.trainer.state.vocabularies import tower_vocabularies
from components.trainer.state.warm_start import StartingPoint, WarmStart, starting_point
from components.trainer.time.first_seen import AppearanceTimes
from components.trainer.time.item_dynamics import ItemDynamics
from components.trainer.time.popularity import NUM_PERIODS, RecentPopularity
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings

# Compilation takes about 20 seconds, which it saves in a training on this number of targets.
_TARGETS_WORTH_COMPILING = 1_000_000


@dataclass(frozen=True)
class TrainedTowers:
    """A trained model and the record of its training.

    Attributes:
      model: The model with the weights of its best epoch.
      candidates: Its candidate table.
      vocabularies: The ids of items and users with a row of their own.
      recipe: The plan of the training, and the reasons for it.
      history: One record per epoch: `epoch` (from 1), `loss`, and if there are validation targets
        `val_loss` and `val_recall@K`.
      best_epoch: The epoch of the weights, from 1.
      seconds: The duration of training and validation.
      targets_per_second: The speed of training without validation.
      repeat_targets_left_out: Targets of split train that were left out because their item occurs
        earlier in the history.
      train_end_s: The time of the last target of the training, seconds since the epoch, UTC.
      sample_split: `eval`, or `train` if split eval has no target.
      sample: A few windows of that split, for the comparison of training and serving.
      moved: The rows of each vocabulary that a warm start moved; {} without a warm start.
    """

    model: TwoTowerModel
    candidates: CandidateTable
    vocabularies: IdVocabularies
    recipe: Recipe
    history: list[dict[str, float]]
    best_epoch: int
    seconds: float
    targets_per_second: float
    repeat_targets_left_out: int
    train_end_s: int
    sample_split: str
    sample: TransformedWindows
    moved: dict[str, TransferredRows] = field(default_factory=dict)

    @property
    def towers(self) -> RetrievalTowers:
        """The trained towers."""
        return self.model.towers

    @property
    def validation(self) -> dict[str, float]:
        """The validation metrics of the best epoch."""
        best = self.history[self.best_epoch - 1]
        return {name[4:]: value for name, value in best.items() if name.startswith("val_")}


def train(
    inputs: TrainerInputs,
    data: DataSettings,
    model: ModelSettings,
    settings: TrainSettings,
    log_dir: str | None = None,
    base: WarmStart | None = None,
    checkpoint_dir: str | None = None,
    devices: TrainingDevices | None = None,
) -> TrainedTowers:
    """Trains until validation recall stops rising, and returns the model of the best epoch.

    Validation ranks the whole catalogue for at most MAX_VALIDATION_TARGETS targets of split eval,
    evenly spread over it. If split eval has no target, the last epoch is the best.

    Args:
      inputs: The files and transform graphs to read.
      data: The settings of the data.
      model: Sizes and parts of the towers; the recipe chooses values that are None.
      settings: How to train; the recipe chooses values that are None.
      log_dir: The folder of TensorBoard logs; None writes no logs.
      base: The version whose towers the training starts from; None starts from random weights.
      checkpoint_dir: The folder of the checkpoints of this training, from which it goes on if there
        are any; None writes no checkpoints.
      devices: The devices of `open_devices`; None is a single device.

    Raises:
      InputError: Split train has no target, settings contradict each other, the training cannot
        start from `base`, or `max_seconds` does not suffice for one epoch.
      RuntimeError: Training diverged, or another worker was lost.
    """
    train_data = read_data(inputs, data, settings.max_windows_gb)
    start = None
    if base is not None:
        vocabularies = tower_vocabularies(
            train_data.features,
            train_data.vocabularies,
            tft.TFTransformOutput(inputs.windows_graph),
            tft.TFTransformOutput(inputs.catalogue_graph),
            model,
        )
        start = starting_point(base, vocabularies, train_data.train_end_s)
    return train_on_data(train_data, data, model, settings, log_dir, start, checkpoint_dir, devices)


def train_on_data(
    train_data: TrainData,
    data: DataSettings,
    model: ModelSettings,
    settings: TrainSettings,
    log_dir: str | None = None,
    start: StartingPoint | None = None,
    checkpoint_dir: str | None = None,
    devices: TrainingDevices | None = None,
) -> TrainedTowers:
    """Trains on data that were read before, from the weights of `start` if there are any.

    The other arguments are those of `train`.
    """
    recipe = choose_recipe(compute_statistics(train_data, data), model, settings)
    if start is not None:
        recipe = warm_recipe(recipe, start.base.version)
    devices = devices or single_device()
    if devices.num_replicas > 1:
        recipe = replace(recipe, choices=(*recipe.choices, _shared_step(devices, recipe.train)))
    _log_choices(recipe.choices)
    keras.utils.set_random_seed(recipe.train.seed)
    with devices.strategy.scope():
        two_tower = build_model(train_data, recipe)
    moved = {} if start is None else start.move_into(two_tower.towers, recipe.model)
    fitted = fit_model(
        two_tower,
        train_data.train,
        train_data.validation,
        recipe.train,
        log_dir,
        None if checkpoint_dir is None else devices.checkpoints(checkpoint_dir),
        devices,
    )
    if recipe.train.mixed_precision:
        recipe = replace(recipe, train=replace(recipe.train, mixed_precision=False))
        two_tower = _in_float32(two_tower, train_data, recipe)
    cold_start = choose_cold_start(two_tower.towers, train_data)
    if cold_start is not None:
        _log_choices((cold_start,))
        recipe = replace(recipe, choices=(*recipe.choices, cold_start))
    return TrainedTowers(
        two_tower,
        train_data.candidates,
        train_data.vocabularies,
        recipe,
        fitted.history,
        fitted.best_epoch,
        fitted.seconds,
        fitted.targets_per_second,
        train_data.train.repeat_targets,
        train_data.train_end_s,
        train_data.sample_split,
        train_data.sample,
        moved,
    )


def build_model(train_data: TrainData, recipe: Recipe) -> TwoTowerModel:
    """Builds the untrained model with all its variables, in the scope of its devices."""
    rows, time_s = train_data.target_events
    counts = np.bincount(rows, minlength=len(train_data.candidates))
    plan = recipe.train
    targets = rows, time_s, train_data.candidates.available_at
    appearances = AppearanceTimes(*targets)
    dynamics = ItemDynamics(
        RecentPopularity(*targets) if recipe.model.recent_popularity else None,
        appearances if appearances.any_late else None,
        math.ceil(plan.popularity_lag * NUM_PERIODS),
    )
    towers = RetrievalTowers(
        train_data.features,
        train_data.candidates,
        train_data.vocabularies,
        dynamics,
        recipe.model,
        plan.id_dropout,
        plan.temperature,
        train_data.excludes_history,
        plan.mixed_precision,
    )
    _log_hashed_ids(towers)
    strategy = tf.distribute.get_strategy()
    batching = train_data.train, plan.events_per_step, strategy.num_replicas_in_sync
    model = TwoTowerModel(
        towers,
        build_loss(plan, TrainingItems(counts, train_data.available_rows, dynamics)),
        dynamics,
        plan,
        train_data.train.events[WEIGHT].sum() / num_batches(*batching),
        compiled=train_data.train.num_targets * plan.max_epochs >= _TARGETS_WORTH_COMPILING,
    )
    # Creates all variables. A training step that has to create variables is traced twice.
    strategy.run(model.compute_loss, [one_batch(with_targets(train_data.train, max_targets=2))])
    optimizer = build_optimizer(model, plan)
    model.compile(optimizer=optimizer)
    optimizer.build(model.trainable_variables)
    model.reset_metrics()
    return model


def _in_float32(model: TwoTowerModel, train_data: TrainData, recipe: Recipe) -> TwoTowerModel:
    """Returns a model with the same weights that computes in float32, as the recipe states."""
    exact = build_model(train_data, recipe)
    for weight, trained in zip(exact.towers.weights, model.towers.weights, strict=True):
        weight.assign(trained)
    return exact


def _shared_step(devices: TrainingDevices, plan: TrainPlan) -> RecipeChoice:
    """Describes what the size and the learning rate of a step mean with several replicas."""
    workers = 1 if devices.cluster is None else len(devices.cluster.workers)
    return RecipeChoice(
        "train.strategy",
        plan.strategy,
        f"{devices.num_replicas} replicas on {workers} worker{'s' * (workers > 1)} share each "
        f"step: of its {plan.events_per_step} events, each replica has "
        f"{plan.events_per_step // devices.num_replicas}, with in-batch negatives and groups by "
        f"time of its own; the gradients are added up before they are clipped, so the learning "
        f"rate of {plan.learning_rate:g} is that of the whole step",
    )


def _log_hashed_ids(towers: RetrievalTowers) -> None:
    for name, rows in towers.id_rows.items():
        counts = rows.counts()
        if counts.hashed_ids:
            progress.info(
                "%s: %d ids, of which the %d rarest share rows by a hash; %.1f%% of these share "
                "theirs with another id (model.max_%s_ids is %d)",
                name,
                counts.ids,
                counts.hashed_ids,
                100.0 * counts.collision_rate,
                name[:-1],
                counts.rows,
            )


def _log_choices(choices: Iterable[RecipeChoice]) -> None:
    for choice in choices:
        progress.info("recipe: %s = %s: %s", choice.key, choice.value, choice.reason)
