"""Trains and exports the towers; called by the executor of TwoTowerTrainer."""

import logging
import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from components.examples.read import read_raw_catalogue, read_users
from components.examples.shards import split_files
from components.progress import progress
from components.trainer.data.read import TrainerInputs
from components.trainer.devices.training_devices import open_devices
from components.trainer.export.projector import write_projector
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.tensorboard import METRICS_RUN
from components.trainer.fit.train import TrainedTowers, train
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.model_settings import ModelSettings, TrainSettings
from schemas.settings import DataSettings


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
    """

    windows: str
    catalogue: str
    windows_graph: str
    catalogue_graph: str
    users: str
    raw_catalogue: str
    serving_model: str
    logs: str


def run(
    paths: TrainerPaths, data: DataSettings, model: ModelSettings, settings: TrainSettings
) -> dict[str, Any] | None:
    """Trains the towers, exports them, and returns the report fragment of the step.

    Of several workers, the chief alone writes logs, checkpoints and towers.

    Returns:
      The fragment; None on the other workers, which end after the training.

    Raises:
      InputError: Split train has no target, or settings contradict each other.
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
    logs = paths.logs if devices.is_chief else None
    trained = train(inputs, data, model, settings, logs, devices)
    if not devices.is_chief:
        return None
    progress.info("exporting the towers of epoch %d", trained.best_epoch)
    table = feature_table(data)
    users = read_users(paths.users, table)
    graphs = TransformGraphs(paths.windows_graph, paths.catalogue_graph)
    export_towers(trained, data, graphs, users, paths.serving_model)
    items = read_raw_catalogue(paths.raw_catalogue, table)
    write_projector(trained, items, table, os.path.join(paths.logs, METRICS_RUN))
    return training_fragment(trained, time.monotonic() - started)


def training_fragment(trained: TrainedTowers, seconds: float) -> dict[str, Any]:
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
        "validation": trained.validation,
        "history": trained.history,
    }


def _as_of(trained: TrainedTowers) -> str | None:
    """Returns the ISO 8601 UTC instant of the time-dependent item features; None without them."""
    popularity = trained.towers.popularity
    if popularity is None:
        return None
    return datetime.fromtimestamp(popularity.as_of_s, tz=timezone.utc).isoformat()
