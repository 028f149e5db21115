"""Trains and exports the towers; called by the executor of TwoTowerTrainer."""

import logging
import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

import tensorflow_transform as tft

from components.examples.read import read_raw_catalogue, read_users
from components.examples.shards import split_files
from components.progress import progress
from components.trainer.data.read import TrainerInputs
from components.trainer.devices.training_devices import open_devices
from components.trainer.export.projector import write_projector
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.checkpoint_folder import checkpoint_folder
from components.trainer.fit.checkpoints import Checkpoints
from components.trainer.fit.tensorboard import METRICS_RUN
from components.trainer.fit.train import TrainedTowers, train
from components.trainer.state.training_state import TrainingState, state_of, write_state
from components.trainer.state.vocabularies import tower_vocabularies
from components.trainer.state.warm_start import WarmStart
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings, to_json


@dataclass(frozen=True)
class TrainerPaths:
    """The artifact folders of one training.

    Attributes:
      windows: The transformed windows.
      catalogue: The transformed catalogue.
      windows_graph: The transform graph of the windows.
      catalogue_graph: The transform graph of the catalogue.
      users: The raw users.
      raw_catalogue: The raw catalogue, whose titles TensorBoard shows.
      serving_model: The folder to which the SavedModel is written.
      logs: The folder to which TensorBoard logs are written.
      checkpoints: The folder in which the training makes one for its checkpoints.
    """

    windows: str
    catalogue: str
    windows_graph: str
    catalogue_graph: str
    users: str
    raw_catalogue: str
    serving_model: str
    logs: str
    checkpoints: str


def run(
    paths: TrainerPaths,
    data: DataSettings,
    model: ModelSettings,
    settings: TrainSettings,
    code_version: str,
    base: WarmStart | None = None,
) -> dict[str, Any] | None:
    """Trains the towers, exports them, and returns the report fragment of the step.

    A training whose process ended before the export goes on from its last checkpoint.
    Of several workers, the chief alone writes logs, checkpoints and towers.

    Args:
      paths: The artifact folders.
      data: The settings of the data.
      model: Sizes and parts of the towers.
      settings: How to train.
      code_version: The version of the code, which must be that of the checkpoints.
      base: The version whose towers the training starts from; None starts from random weights.

    Returns:
      The fragment; None on the other workers, which end after the training.

    Raises:
      InputError: Split train has no target, settings contradict each other, the training cannot
        start from `base`, or the time limit does not suffice for one epoch.
      RuntimeError: Training diverged, or another worker was lost.
    """
    started = time.monotonic()
    devices = open_devices(settings.strategy, settings.worker_timeout_s)
    if not devices.is_chief:
        progress.setLevel(logging.WARNING)
    inputs = TrainerInputs(
        train_files=split_files(paths.windows, "train"),
        eval_files=split_files(paths.windows, "eval"),
        catalogue_files=split_files(paths.catalogue, CATALOGUE_SPLIT),
        windows_graph=paths.windows_graph,
        catalogue_graph=paths.catalogue_graph,
    )
    checkpoints = checkpoint_folder(
        paths.checkpoints,
        [
            to_json(data),
            to_json(model),
            to_json(settings),
            code_version,
            base.to_json() if base else "",
        ],
        [
            *inputs.train_files,
            *inputs.eval_files,
            *inputs.catalogue_files,
            inputs.windows_graph,
            inputs.catalogue_graph,
        ],
    )
    graphs = TransformGraphs(paths.windows_graph, paths.catalogue_graph)
    logs = paths.logs if devices.is_chief else None
    trained = train(inputs, data, model, settings, logs, base, checkpoints, devices)
    if not devices.is_chief:
        return None
    progress.info("exporting the towers of epoch %d", trained.best_epoch)
    table = feature_table(data)
    users = read_users(paths.users, table)
    export_towers(trained, data, graphs, users, paths.serving_model)
    write_state(paths.serving_model, trained_state(trained, graphs))
    items = read_raw_catalogue(paths.raw_catalogue, table)
    write_projector(trained, items, table, os.path.join(paths.logs, METRICS_RUN))
    Checkpoints(checkpoints).remove()
    return training_fragment(trained, time.monotonic() - started, base)


def trained_state(trained: TrainedTowers, graphs: TransformGraphs) -> TrainingState:
    """Returns the state of a training, from which a refit or another training can start."""
    return state_of(
        trained.towers,
        trained.recipe,
        trained.best_epoch,
        trained.train_end_s,
        tower_vocabularies(
            trained.towers.features,
            trained.vocabularies,
            tft.TFTransformOutput(graphs.windows),
            tft.TFTransformOutput(graphs.catalogue),
            trained.recipe.model,
        ),
    )


def training_fragment(
    trained: TrainedTowers, seconds: float, base: WarmStart | None = None
) -> dict[str, Any]:
    """Returns the report fragment of the step; `seconds` include the export."""
    return {
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch,
        "seconds": seconds,
        "targets_per_second": trained.targets_per_second,
        "parameters": sum(weight.shape.num_elements() for weight in trained.towers.weights),
        "candidates": len(trained.candidates),
        "ids": {name: rows.counts().to_dict() for name, rows in trained.towers.id_rows.items()},
        "as_of": _as_of(trained),
        "recipe": [asdict(choice) for choice in trained.recipe.choices],
        "repeat_targets_left_out": trained.repeat_targets_left_out,
        "warm_start": None
        if base is None
        else {
            "version": base.version,
            "rows": {name: rows.to_dict() for name, rows in trained.moved.items()},
        },
        "validation": trained.validation,
        "history": trained.history,
    }


def _as_of(trained: TrainedTowers) -> str | None:
    """Returns the ISO 8601 UTC instant of the time-dependent item features; None without them."""
    popularity = trained.towers.popularity
    if popularity is None:
        return None
    return datetime.fromtimestamp(popularity.as_of_s, tz=timezone.utc).isoformat()
