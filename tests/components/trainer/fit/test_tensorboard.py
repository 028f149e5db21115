"""What TensorBoard reads from the logs of a training, by its own readers and by its server."""

import json
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector import ProjectorConfig
from tensorboard.util.tensor_util import make_ndarray

from components.examples.read import RawCatalogue
from components.trainer.export.projector import (
    CONFIG_FILE,
    METADATA_FILE,
    TENSOR_NAME,
    TENSORS_FILE,
    write_projector,
)
from components.trainer.fit.callbacks import ProgressLog
from components.trainer.fit.tensorboard import (
    LEARNING_RATE,
    METRICS_RUN,
    TARGETS_PER_SECOND,
    TrainingMetrics,
)
from schemas.features import FeatureTable, feature_table
from tests.components.trainer.conftest import NUM_ITEMS, Exported

RECALL = "val_factorized_top_k/top_10_categorical_accuracy"


def raw_catalogue(rich: Exported, table: FeatureTable) -> RawCatalogue:
    """Returns the raw items of the dataset in reverse order, without the first one."""
    rows = rich.dataset.items[:0:-1]
    features: dict[str, Any] = {}
    for feature in table.item:
        values = [row[feature.name] or [b""] for row in rows]
        width = max(map(len, values))
        padded = [[*row, *[b""] * (width - len(row))] for row in values]
        is_list = feature.name == "genres"
        features[feature.name] = np.array(padded if is_list else [row[0] for row in values], object)
    item_id = np.array([row["item_id"][0] for row in rows], object)
    return RawCatalogue(item_id, np.full(len(rows), -1), features)


@pytest.fixture(scope="module")
def log_dir(rich: Exported) -> Path:
    table = feature_table(rich.dataset.settings)
    catalogue = raw_catalogue(rich, table)
    write_projector(rich.trained, catalogue, table, str(rich.log_dir / METRICS_RUN))
    return rich.log_dir


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Returns the steps and values of each scalar of a run, as TensorBoard's reader finds them."""
    events = EventAccumulator(str(folder))
    events.Reload()
    found = {}
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            found[tag] = [
                (event.step, float(make_ndarray(event.tensor_proto)))
                for event in events.Tensors(tag)
            ]
    return found


def test_scalars_of_each_run(rich: Exported, log_dir: Path) -> None:
    history = rich.trained.history
    epochs = list(range(len(history)))

    written = {name: scalars(log_dir / name) for name in ("train", "validation", METRICS_RUN)}

    for run, key in (("train", "loss"), ("validation", "val_loss")):
        assert [step for step, _ in written[run]["epoch_loss"]] == epochs
        losses = [value for _, value in written[run]["epoch_loss"]]
        assert losses == pytest.approx([record[key] for record in history], rel=1e-5)
    metrics = written[METRICS_RUN]
    recalls = [value for _, value in metrics[RECALL]]
    assert recalls == pytest.approx([record["val_recall@10"] for record in history])
    assert [step for step, _ in metrics[TARGETS_PER_SECOND]] == epochs
    assert min(value for _, value in metrics[TARGETS_PER_SECOND]) > 0
    ((step, rate),) = metrics[LEARNING_RATE]
    assert step == 0
    # The warm-up begins below the peak.
    assert 0 < rate < 1e-2


def test_learning_rate_and_speed_are_those_of_the_training(tmp_path: Path) -> None:
    rate = tf.Variable(0.0)
    progress_log = ProgressLog(max_epochs=1, targets_per_epoch=100, cutoff=10)
    callback = TrainingMetrics(str(tmp_path), progress_log)
    callback.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=rate)))

    for step in range(25):
        rate.assign(step / 100)
        callback.on_train_batch_end(step)
    progress_log.epoch_targets_per_second = 123.0
    callback.on_epoch_end(0, {"loss": 1.0, RECALL: 0.5})
    callback.on_train_end()

    written = scalars(tmp_path / METRICS_RUN)
    assert written == {
        LEARNING_RATE: [(step, pytest.approx(step / 100)) for step in (0, 10, 20)],
        TARGETS_PER_SECOND: [(0, 123.0)],
        RECALL: [(0, 0.5)],
    }


def test_no_run_has_two_event_files_that_grow_together(log_dir: Path) -> None:
    names = [path for path in (log_dir / METRICS_RUN).iterdir() if "tfevents" in path.name]
    assert len(names) == 1


def test_the_projector_has_embeddings_with_titles(rich: Exported, log_dir: Path) -> None:
    folder = log_dir / METRICS_RUN
    config = text_format.Parse((folder / CONFIG_FILE).read_text(), ProjectorConfig())
    (embedding,) = config.embeddings
    tensors = np.loadtxt(folder / embedding.tensor_path, delimiter="\t", dtype=np.float32)
    header, *rows = [
        line.split("\t")
        for line in (folder / embedding.metadata_path).read_text("utf-8").splitlines()
    ]

    assert (embedding.tensor_path, embedding.metadata_path) == (TENSORS_FILE, METADATA_FILE)
    assert list(embedding.tensor_shape) == list(tensors.shape) == [NUM_ITEMS, len(tensors[0])]
    expected = rich.trained.towers.catalogue_embeddings().numpy()
    np.testing.assert_allclose(tensors, expected, rtol=1e-4, atol=1e-6)
    assert header == ["title", "item_id", "popularity_rank", "genres", "brand"]
    ids = [item.decode() for item in rich.trained.candidates.item_id]
    assert [row[1] for row in rows] == ids
    assert [row[2] for row in rows] == [str(rank) for rank in range(1, NUM_ITEMS + 1)]
    titles = {row[1]: row[0] for row in rows}
    assert titles["i7"] == "The book 7 of 2"
    # The catalogue does not have this one.
    assert titles["i0"] == "i0"
    assert {row[1]: row[4] for row in rows}["i7"] == "b1"


def test_at_most_the_most_popular_items_are_projected(
    rich: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.trainer.export.projector.MAX_ITEMS", 5)
    table = feature_table(rich.dataset.settings)

    write_projector(rich.trained, raw_catalogue(rich, table), table, str(tmp_path))

    assert len((tmp_path / TENSORS_FILE).read_text().splitlines()) == 5
    rows = (tmp_path / METADATA_FILE).read_text("utf-8").splitlines()[1:]
    counts = dict.fromkeys(rich.trained.candidates.item_id.tolist(), 0)
    for row in rich.dataset.train:
        for item in row["item_id"]:
            counts[item] += 1
    shown = [counts[row.split("\t")[1].encode()] for row in rows]
    assert shown == sorted(counts.values(), reverse=True)[:5]


def test_the_server_shows_scalars_and_the_projector(log_dir: Path) -> None:
    server = program.TensorBoard()
    arguments = ["--logdir", str(log_dir), "--port", "0", "--load_fast", "false"]
    server.configure(argv=["tensorboard", *arguments])
    address = server.launch().rstrip("/")

    def read(path: str) -> bytes:
        with urllib.request.urlopen(f"{address}/data/{path}", timeout=60) as response:
            return bytes(response.read())

    plugins = json.loads(read("plugins_listing"))
    assert plugins["scalars"]["enabled"]
    assert "projector" in plugins
    assert set(json.loads(read("runs"))) == {"train", "validation", METRICS_RUN}
    tags = json.loads(read("plugin/scalars/tags"))
    assert {RECALL, LEARNING_RATE, TARGETS_PER_SECOND} <= set(tags[METRICS_RUN])
    assert json.loads(read("plugin/projector/runs")) == [METRICS_RUN]
    named = f"run={METRICS_RUN}&name={TENSOR_NAME}"
    assert b"The book 7 of 2" in read(f"plugin/projector/metadata?{named}")
    tensor = np.frombuffer(read(f"plugin/projector/tensor?{named}"), np.float32)
    written = np.loadtxt(log_dir / METRICS_RUN / TENSORS_FILE, delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(tensor, written.ravel())
