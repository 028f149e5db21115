"""Time and peak memory of each stage of a training."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.serving.process_memory import peak_mb, reset_peak, resident_mb
from benchmarks.training_scale.synthetic_log import SyntheticLog
from components.examples.read import read_raw_catalogue
from components.trainer.data.read import read_data
from components.trainer.export.projector import write_projector
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.data_statistics import compute_statistics
from components.trainer.fit.train import TrainedTowers, train_on_data
from schemas.features import USER_ID, feature_table
from schemas.model_settings import ModelSettings, TrainSettings

Result = TypeVar("Result")
_SEED = 1


class Stages:
    """The stages of a program, in order.

    Attributes:
      measured: By name, `seconds`, `cpu_seconds`, and the resident memory `peak_mb` and `end_mb`.
    """

    def __init__(self) -> None:
        """Starts without a stage."""
        self.measured: dict[str, dict[str, float]] = {}

    def run(self, name: str, stage: Callable[[], Result]) -> Result:
        """Runs and measures a stage."""
        reset_peak()
        begin, cpu_begin = time.perf_counter(), time.process_time()
        result = stage()
        self.measured[name] = {
            "seconds": time.perf_counter() - begin,
            "cpu_seconds": time.process_time() - cpu_begin,
            "peak_mb": peak_mb(),
            "end_mb": resident_mb(),
        }
        return result


def train_and_export(folder: Path, log: SyntheticLog, learned: int) -> dict[str, Any]:
    """Trains on a part of a synthetic log, exports the towers, and measures each stage.

    Args:
      folder: Where the model goes.
      log: The files of the log.
      learned: About how many targets the training learns. Popularity, the vocabulary and the tables
        are those of the whole log.

    Returns:
      The numbers of items, targets and parameters, the speed, and the measured stages.
    """
    stages = Stages()
    table = feature_table(log.data)
    trained, num_targets = _train(stages, log, learned)
    graphs = TransformGraphs(log.inputs.windows_graph, log.inputs.catalogue_graph)
    model, logs = str(folder / "model"), str(folder / "logs")
    no_users = {USER_ID: np.empty(0, object)}
    stages.run("export", lambda: export_towers(trained, log.data, graphs, no_users, model))
    stages.run(
        "projector",
        lambda: write_projector(trained, read_raw_catalogue(log.raw_catalogue, table), table, logs),
    )
    return {
        "items": len(trained.candidates),
        "targets": num_targets,
        "parameters": sum(weight.shape.num_elements() for weight in trained.towers.weights),
        "seconds_per_million_targets": 1e6 / trained.targets_per_second,
        "peak_mb": max(stage["peak_mb"] for stage in stages.measured.values()),
        "stages": stages.measured,
    }


def _train(stages: Stages, log: SyntheticLog, learned: int) -> tuple[TrainedTowers, int]:
    """Returns the trained towers and the number of targets of the log; the windows are freed."""
    data, settings = log.data, TrainSettings(max_epochs=1, max_seconds=None)
    train_data = stages.run("read", lambda: read_data(log.inputs, data, settings.max_windows_gb))
    stages.run("statistics", lambda: compute_statistics(train_data, data))
    num_targets = train_data.train.num_targets
    share = min(1.0, learned / num_targets)
    windows = np.random.default_rng(_SEED).permutation(len(train_data.train))
    drawn = np.sort(windows[: max(1, round(share * len(windows)))])
    part = replace(train_data, train=train_data.train.selected(drawn), counted=train_data.train)
    trained = stages.run("train", lambda: train_on_data(part, data, ModelSettings(), settings))
    return trained, num_targets
