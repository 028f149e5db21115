"""A small dataset with every kind of feature, and a model that is trained on it and exported."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.trainer.export.saved_model import export_towers
from components.trainer.fit.train import TrainedTowers, train
from schemas.model_settings import EncoderSettings, ModelSettings, TrainSettings
from tests.components.trainer.datasets import (
    NAN,
    RICH,
    Dataset,
    Row,
    data_settings,
    item,
    make_dataset,
    window,
)

NUM_ITEMS = 30
NUM_USERS = 24
SIZES = ModelSettings(
    dim=8,
    hidden_dim=16,
    feature_dim=4,
    # Fewer rows than ids, so that some ids share rows.
    user_id_embedding=True,
    max_item_ids=20,
    max_user_ids=8,
    encoder=EncoderSettings(num_heads=2, num_blocks=1, kernel_width=4),
)


@dataclass(frozen=True)
class Exported:
    """A dataset, the model trained on it, and the folders of SavedModel and TensorBoard logs."""

    dataset: Dataset
    trained: TrainedTowers
    path: Path
    log_dir: Path


@pytest.fixture(scope="session")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    folder = tmp_path_factory.mktemp("rich")
    dataset = _rich_dataset(folder)
    settings = TrainSettings(max_epochs=2, events_per_step=72, learning_rate=1e-2)
    trained = train(dataset.inputs, dataset.settings, SIZES, settings, str(folder / "logs"))
    users = {
        "user_id": np.array([row["user_id"][0] for row in dataset.train], dtype=object),
        "age": np.array([row["age"][0] for row in dataset.train], np.float32),
        "place": np.array([row["place"][0] for row in dataset.train], dtype=object),
    }
    export_towers(trained, dataset.settings, dataset.graphs, users, str(folder / "model"))
    yield Exported(dataset, trained, folder / "model", folder / "logs")
    tf.keras.backend.clear_session()


def _rich_dataset(folder: Path) -> Dataset:
    settings = data_settings(RICH)
    rng = np.random.default_rng(3)

    def random_window(user: int) -> Row:
        size = settings.history.max_length + 1
        return window(
            settings,
            f"u{user}",
            [f"i{rng.integers(NUM_ITEMS - 3)}" for _ in range(size)],  # three items have no event
            timestamp=np.cumsum(rng.integers(1, 100_000, size)).tolist(),
            event_type=rng.choice([b"view", b"like"], size).tolist(),
            value=rng.choice([1.0, 2.0, 3.0, NAN], size).tolist(),
            device=rng.choice([b"tv", b"phone", b""], size).tolist(),
            battery=rng.choice([0.1, 0.5, NAN], size).tolist(),
            age=[float(rng.integers(20, 60))],
            place=[b"north" if user % 2 else b"south"],
        )

    def numbered_item(number: int) -> Row:
        return item(
            settings,
            f"i{number}",
            title=[f"The book {number} of {number % 5}".encode()],
            summary=[f"<p>第{number}卷&mdash;{'红黑白'[number % 3]}与海的故事".encode()],
            genres=[f"g{number % 3}".encode(), f"g{number % 4}".encode()][: number % 3],
            price=[float(number)] if number % 4 else [NAN],
            brand=[f"b{number % 2}".encode()],
            released=[86_400 * 365 * number] if number % 5 else [-1],
        )

    rows = [random_window(user) for user in range(NUM_USERS)]
    items = [numbered_item(number) for number in range(NUM_ITEMS)]
    return make_dataset(settings, rows, rows[:8], items, folder)
