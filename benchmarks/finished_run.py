"""The artifacts and the configuration of a finished run, for benchmarks that train on its data."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from components.examples.shards import split_files
from components.trainer.data.read import TrainerInputs
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVAL_SPLIT, TRAIN_SPLIT
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN, RUN_FILE, TRAINER


@dataclass(frozen=True)
class RunArtifacts:
    """The artifacts of a run that training and evaluation read.

    Attributes:
      inputs: The files that the trainer reads.
      model: The SavedModel of the trainer's towers.
      transformed_windows: Folder of the transformed windows of all splits.
      windows: Folder of the raw windows.
      catalogue: Folder of the raw catalogue examples.
      users: Folder of the user examples.
    """

    inputs: TrainerInputs
    model: str
    transformed_windows: str
    windows: str
    catalogue: str
    users: str


def find_artifacts(run: Path) -> RunArtifacts:
    """Returns the newest artifacts of a run.

    Args:
      run: The output folder of a finished run.

    Raises:
      InputError: An artifact is missing.
    """

    def newest(component: str, output: str) -> str:
        folder = run / "pipeline_root" / component / output
        versions = [path for path in folder.glob("*") if path.name.isdigit()]
        if not versions:
            raise InputError(
                f"{folder} contains no artifact: give the output folder of a finished run"
            )
        return str(max(versions, key=lambda path: int(path.name)))

    windows = newest("WindowsTransform", "transformed_examples")
    catalogue = newest("CatalogueTransform", "transformed_examples")
    inputs = TrainerInputs(
        train_files=split_files(windows, TRAIN_SPLIT),
        eval_files=split_files(windows, EVAL_SPLIT),
        catalogue_files=split_files(catalogue, CATALOGUE_SPLIT),
        windows_graph=newest("WindowsTransform", "transform_graph"),
        catalogue_graph=newest("CatalogueTransform", "transform_graph"),
    )
    return RunArtifacts(
        inputs,
        model=os.path.join(newest(TRAINER, "model"), "Format-Serving"),
        transformed_windows=windows,
        windows=newest(INTERACTION_EXAMPLE_GEN, "windows"),
        catalogue=newest(CATALOGUE_EXAMPLE_GEN, "examples"),
        users=newest(INTERACTION_EXAMPLE_GEN, "users"),
    )


def write_run_config(run: Path, folder: Path) -> Path:
    """Writes the configuration of a run into `folder` and returns the path of the file.

    Args:
      run: The output folder of a finished run.
      folder: An existing folder.

    Raises:
      InputError: The run has no record of its configuration.
    """
    record = run / RUN_FILE
    if not record.is_file():
        raise InputError(f"{record} does not exist: give the output folder of a finished run")
    path = folder / "config.json"
    config = json.loads(record.read_text(encoding="utf-8"))["config"]
    path.write_text(json.dumps(config), encoding="utf-8")
    return path
