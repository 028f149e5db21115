"""What a finished run left to train and measure on, for benchmarks that ingest nothing anew."""

import json
from dataclasses import dataclass
from pathlib import Path

from components.examples.read import split_files
from components.trainer.data.read import TrainerInputs
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, EVAL_SPLIT, TRAIN_SPLIT
from schemas.steps import CATALOGUE_EXAMPLE_GEN, INTERACTION_EXAMPLE_GEN, RUN_FILE


@dataclass(frozen=True)
class Examples:
    """Where the artifacts lie that training and evaluation read."""

    inputs: TrainerInputs
    windows: str
    catalogue: str
    users: str


def examples_of(run: Path) -> Examples:
    """Finds the newest artifacts of a run.

    Raises:
      InputError: The run has none.
    """

    def newest(component: str, output: str) -> str:
        folder = run / "pipeline_root" / component / output
        versions = [path for path in folder.glob("*") if path.name.isdigit()]
        if not versions:
            raise InputError(f"{folder} holds nothing: name the output folder of a finished run")
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
    return Examples(
        inputs,
        windows=newest(INTERACTION_EXAMPLE_GEN, "windows"),
        catalogue=newest(CATALOGUE_EXAMPLE_GEN, "examples"),
        users=newest(INTERACTION_EXAMPLE_GEN, "users"),
    )


def config_of(run: Path, folder: Path) -> Path:
    """Writes the run's configuration as a file into `folder`.

    Raises:
      InputError: The run left none.
    """
    record = run / RUN_FILE
    if not record.is_file():
        raise InputError(f"{record} does not exist: name the output folder of a finished run")
    config = folder / "config.json"
    values = json.loads(record.read_text(encoding="utf-8"))["config"]
    config.write_text(json.dumps(values), encoding="utf-8")
    return config
