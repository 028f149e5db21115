"""A log whose rule changes after split train: i + 1 follows item i before, i + 2 afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow_transform as tft

from components.refit.whole_log import WholeLog, read_whole_log
from components.trainer.export.saved_model import export_towers
from components.trainer.fit.train import TrainedTowers, train
from components.trainer.run import trained_state
from components.trainer.state.training_state import TrainingState, write_state
from components.trainer.state.vocabularies import Vocabulary, tower_vocabularies
from schemas.features import CATALOGUE_SPLIT, EVAL_SPLIT, TEST_SPLIT, TRAIN_SPLIT
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from tests.components.trainer.datasets import (
    PLAIN,
    Dataset,
    Row,
    data_settings,
    item,
    make_dataset,
    window,
)

NUM_ITEMS = 12
LENGTH = 5
TRAIN_S, EVAL_S, TEST_S = 0, 1_000_000, 2_000_000
SIZES = ModelSettings(dim=16, hidden_dim=32, encoder=EncoderSettings(num_heads=4))
TRAINING = TrainSettings(
    max_epochs=15, patience=15, events_per_step=80, learning_rate=1e-2, max_seconds=None
)


@dataclass(frozen=True)
class Proven:
    """Towers that learned split train, and the whole log."""

    dataset: Dataset
    trained: TrainedTowers
    state: TrainingState
    log: WholeLog
    vocabularies: dict[str, Vocabulary]
    model_path: Path


def successor_windows(
    prefix: str,
    num_users: int,
    start_s: int,
    step_of: Callable[[int], int],
    seed: int,
) -> list[Row]:
    """Returns windows in which step_of(user) is the distance from each item to the next."""
    settings = data_settings(PLAIN)
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(num_users):
        first, step = int(rng.integers(NUM_ITEMS)), step_of(user)
        items = [f"i{(first + step * position) % NUM_ITEMS}" for position in range(LENGTH)]
        times = [start_s + 600 * user + 60 * position for position in range(LENGTH)]
        rows.append(window(settings, f"{prefix}{user}", items, timestamp=times))
    return rows


def proven(folder: Path, evaluation: list[Row], test: list[Row]) -> Proven:
    settings = data_settings(PLAIN)
    dataset = make_dataset(
        settings,
        train=successor_windows("u", 120, TRAIN_S, lambda user: 1, seed=1),
        evaluation=evaluation,
        test=test,
        items=[item(settings, f"i{number}") for number in range(NUM_ITEMS + 2)],
        folder=folder,
    )
    trained = train(dataset.inputs, dataset.settings, SIZES, TRAINING)
    state = trained_state(trained, dataset.graphs)
    users: dict[str, npt.NDArray[np.object_]] = {"user_id": np.empty(0, object)}
    export_towers(trained, dataset.settings, dataset.graphs, users, str(folder / "towers"))
    write_state(str(folder / "towers"), state)
    log = read_whole_log(dataset.inputs, [str(folder / "windows" / "test.gz")], dataset.settings)
    vocabularies = tower_vocabularies(
        log.reader.features,
        log.reader.vocabularies,
        tft.TFTransformOutput(dataset.inputs.windows_graph),
        tft.TFTransformOutput(dataset.inputs.catalogue_graph),
        trained.recipe.model,
    )
    return Proven(dataset, trained, state, log, vocabularies, folder / "towers")


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """The rule changes for good, and item i12 appears."""
    evaluation = successor_windows("e", 80, EVAL_S, lambda user: 2, seed=2)
    new = window(data_settings(PLAIN), "n", ["i12", "i12"], timestamp=[EVAL_S, EVAL_S + 9])
    return proven(
        tmp_path_factory.mktemp("changed"),
        [*evaluation, new],
        successor_windows("t", 120, TEST_S, lambda user: 2, seed=3),
    )


@pytest.fixture(scope="session")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """Two items are popular in the older half of split test only, as by robots."""
    settings = data_settings(PLAIN)
    robots = [
        window(settings, f"r{number}", ["i12", "i13"] * 3, timestamp=[TEST_S + number] * 6)
        for number in range(200)
    ]
    users = successor_windows("t", 240, TEST_S + 1000, lambda user: 1, seed=3)
    return proven(
        tmp_path_factory.mktemp("spoiled"),
        successor_windows("e", 20, EVAL_S, lambda user: 1, seed=2),
        [*robots, *users],
    )


def artifact_folders(changed: Proven, folder: Path) -> tuple[Path, Path]:
    """Links the transformed examples into the folders of TFX artifacts; returns these."""
    windows, catalogue = folder / "windows", folder / "catalogue"
    inputs = changed.dataset.inputs
    source = Path(inputs.train_files[0]).parent
    for split in (TRAIN_SPLIT, EVAL_SPLIT, TEST_SPLIT):
        (windows / f"Split-{split}").mkdir(parents=True)
        (windows / f"Split-{split}" / "examples.gz").symlink_to(source / f"{split}.gz")
    (catalogue / f"Split-{CATALOGUE_SPLIT}").mkdir(parents=True)
    link = catalogue / f"Split-{CATALOGUE_SPLIT}" / "examples.gz"
    link.symlink_to(inputs.catalogue_files[0])
    return windows, catalogue
